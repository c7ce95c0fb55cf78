"""Generated texts that outlive the stack's state, in a cluster."""

import pulumi

from providers.resource import HeroResource


class KeptSecrets(HeroResource):
    """Generated texts in a Secret of a cluster: data that is kept there opens with them, and with nothing else.

    Type: `hero-home:provider:KeptSecrets`; its ID is `namespace/name`. A preview asks nobody. A Secret that is there
    already is taken over with its texts where it is ours (it has the label `app.kubernetes.io/managed-by: hero`); `up`
    fails where it is not, and touches nothing. From then on the state is the truth: refresh sees that the Secret is
    gone or says something else, and the next `up` writes the same texts again; where the cluster cannot be asked,
    refresh fails and the state stays. A key that is added gets a text, one that is removed loses it, and another length
    changes none. Another cluster, namespace or name is another Secret, made before the old one goes. On destroy it is
    deleted, unless `retain_on_delete` says that it stays for the next state; other keys in it go with it.
    """

    values: pulumi.Output[dict[str, str]]
    """The text of each key; secret."""

    def __init__(
        self,
        name: str,
        *,
        kubeconfig: str,
        context: str,
        namespace: pulumi.Input[str],
        secret: pulumi.Input[str],
        lengths: dict[str, int],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Keep a text for each key of `lengths` in the Secret `secret` of `namespace`, which is there already.

        Empty texts for `kubeconfig` and `context` mean what kubectl would take. `lengths` are in characters, 3 at
        least: each text has a small letter, a capital and a digit, and nothing but those.
        """
        super().__init__(
            "KeptSecrets",
            name,
            {
                "kubeconfig": kubeconfig,
                "context": context,
                "namespace": namespace,
                "name": secret,
                "lengths": lengths,
                "values": None,
            },
            opts,
        )

    def translate_input_property(self, prop: str) -> str:
        """The same: keys of the Secret come by here too, and its own properties have one word each."""
        return prop

    def translate_output_property(self, prop: str) -> str:
        """The same, for the same reason."""
        return prop
