"""CNCF Distribution as a process of this machine."""

import pulumi

from providers.resource import HeroResource


class RegistryProcess(HeroResource):
    """A registry on 127.0.0.1 that outlives the terminal and belongs to the stack.

    Type: `hero-home:provider:RegistryProcess`. A preview notices by itself when the process has died or its data are
    gone; the next `up` brings it back with the same passwords and, where they are still there, with its images.
    """

    pusher_password: pulumi.Output[str]
    """Of the user `pusher`; generated, secret."""
    puller_password: pulumi.Output[str]
    """Of the user `puller`, who may only read; generated, secret."""
    identity_key: pulumi.Output[str | None]
    """The key by which the process proves its identity before the plugin sends a password; generated, secret."""
    storage: pulumi.Output[str]
    """Names the stored data; it changes when they were lost."""

    def __init__(
        self,
        name: str,
        *,
        directory: pulumi.Input[str],
        port: pulumi.Input[int],
        keep_data: pulumi.Input[bool],
        rotate: pulumi.Input[str],
        discard: pulumi.Input[bool],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Keep everything in `directory`, relative to the program's; another `rotate` changes the passwords.

        With `discard`, a delete loses images that the stack has not pushed; without it, it fails and names them.
        """
        super().__init__(
            "RegistryProcess",
            name,
            {
                "directory": directory,
                "port": port,
                "keep_data": keep_data,
                "rotate": rotate,
                "discard": discard,
                "owner": f"{pulumi.get_project()}/{pulumi.get_stack()}",
                "identity_key": None,
                "storage": None,
                "pusher_password": None,
                "puller_password": None,
            },
            opts,
        )
