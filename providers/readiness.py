"""A wait for what was put into a cluster."""

import pulumi

from providers.resource import HeroResource


class Readiness(HeroResource):
    """Waits until the workloads of a namespace are ready, its registry answers and is well, and its pusher may push.

    Type: `hero-home:provider:Readiness`. While it waits it names the pod, the reason and the seconds; when its patience
    ends it fails with the same and the command to look further. A pod of a StatefulSet that is not ready and is of
    before a change is taken away, since Kubernetes would keep it for ever. Waits again whenever an input changes. A
    destroy looks at nothing.

    With a `release`, it also keeps the objects of that Helm release as Helm's record has them: a preview, an update and
    a refresh compare the manifest with the cluster and name what is missing or changed, and an update repairs it. A
    revision that a killed run has left pending is discarded first. Where the cluster cannot be read, there is a warning
    and no change. Replicas that an autoscaler sets, and fields that are other ones right after they were set, do not
    count. Without a release, a preview and a refresh look at nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: str,
        context: str,
        namespace: pulumi.Input[str],
        settled: pulumi.Input[str],
        patience: int,
        url: str,
        ca_certificate: pulumi.Input[str],
        plain_http: bool,
        health: bool = False,
        release: str = "",
        repository: pulumi.Input[str] = "",
        username: pulumi.Input[str] = "",
        password: pulumi.Input[str] = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wait for everything in `namespace`, then for 200 of `url`, then for leave to push to `repository`.

        Empty texts for `kubeconfig` and `context` mean what kubectl would take; an empty `url`, that there is nothing
        to answer, and the workloads alone are waited for. `settled` is any text that changes with what is waited for;
        `patience` is in seconds, for all of it. With `health`, `url` answers with JSON as Harbor's `/api/v2.0/health`
        does, and 200 is not enough: its `status` must be `healthy`; until then the components that are not are named.
        Without a `repository` nobody asks for leave to push, and there need be no login. `release` is the name of a
        Helm release in `namespace`, which has to be deployed before this is.
        """
        super().__init__(
            "Readiness",
            name,
            {
                "kubeconfig": kubeconfig,
                "context": context,
                "namespace": namespace,
                "settled": settled,
                "patience": patience,
                "url": url,
                "health": health or None,  # left out where it is not wanted, as it was before it could be
                "release": release or None,
                "repository": repository,
                "username": username,
                "password": pulumi.Output.secret(password),
                "ca_certificate": ca_certificate,
                "plain_http": plain_http,
            },
            opts,
        )
