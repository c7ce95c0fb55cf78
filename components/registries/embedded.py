"""The choice that needs nothing: CNCF Distribution as a process on this machine, owned by the stack."""

import pulumi
from pydantic import Field

from components.registry import Login, Registry
from components.settings import Block, FilledText, Port, Text
from providers.registry_process import RegistryProcess


class EmbeddedSettings(Block):
    """The block `hero:embedded`."""

    port: Port = Field(
        default=5001,
        description="A free TCP port of this machine, 1 to 65535.",
        examples=["5001"],
    )
    directory: FilledText | None = Field(
        default=None,
        description="The registry's own directory. Default: .hero/<stack>/registry.",
        examples=[".hero/dev/registry"],
    )
    keep_data: bool = Field(
        default=False,
        description="Keep the images when the stack is destroyed.",
        examples=["true"],
    )
    rotate: Text = Field(
        default="",
        description="Credentials version: change it to rotate both passwords.",
        examples=["2026-11"],
    )


class Embedded(Registry):
    """CNCF Distribution 3 on 127.0.0.1, with a login that pushes and one that only pulls.

    Type: `hero:registry:Embedded`. Produces one `hero-home:provider:RegistryProcess`, which keeps running when the
    terminal is closed. There is no TLS: nothing leaves the machine.
    """

    def __init__(
        self,
        name: str,
        settings: EmbeddedSettings,
        path: str,
        *,
        discard: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """With `discard`, images may be deleted that the stack has not pushed."""
        super().__init__("hero:registry:Embedded", name, None, opts)
        address = f"127.0.0.1:{settings.port}"
        self.directory = settings.directory or f".hero/{pulumi.get_stack()}/registry"
        process = RegistryProcess(
            f"{name}-process",
            directory=self.directory,
            port=settings.port,
            keep_data=settings.keep_data,
            rotate=settings.rotate,
            discard=discard,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.promise(
            address=address,
            path=path,
            pusher=Login(pulumi.Output.from_input("pusher"), process.pusher_password),
            puller=Login(pulumi.Output.from_input("puller"), process.puller_password),
            page=f"http://{address}/v2/{path}/tags/list",
            identity_key=process.identity_key,
            keeps_images=settings.keep_data,
            storage=process.storage,
        )
