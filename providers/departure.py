"""What is done before a service of a cluster's nodes goes."""

import pulumi

from providers.resource import HeroResource


class Departure(HeroResource):
    """When it goes, names the pods that a RuntimeClass runs, and then takes away the DaemonSet that runs them.

    Type: `hero-home:provider:Departure`. It makes nothing; what it names has to be there before it. On destroy it fails
    as long as a pod of that RuntimeClass runs, with the pods' names, and nothing in the cluster has gone then.
    Otherwise it deletes the DaemonSet and waits until each of its pods has ended, naming the nodes that it waits for; a
    node that does not end its pod within the patience fails it too. Another namespace, DaemonSet or RuntimeClass is
    another one, which comes when the old one has gone, as its namespace is another one too. A preview, a refresh and
    an `up` look at nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: str,
        context: str,
        namespace: pulumi.Input[str],
        daemon_set: str,
        runtime_class: str,
        patience: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Empty texts for `kubeconfig` and `context` mean what kubectl would take; `patience` is in seconds."""
        super().__init__(
            "Departure",
            name,
            {
                "kubeconfig": kubeconfig,
                "context": context,
                "namespace": namespace,
                "daemon_set": daemon_set,
                "runtime_class": runtime_class,
                "patience": patience,
            },
            opts,
        )
