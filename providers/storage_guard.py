"""The resource that is deleted before all others of a stack, and refuses where other users' images would be lost."""

from typing import TypedDict

import pulumi

from providers.image_copy import NamedImage
from providers.resource import HeroResource


class Storage(TypedDict):
    """What one registry of the stack stores, and how the images in it are read."""

    registry: str
    """The registry's type, as in the config."""
    directory: str
    """Of the embedded registry; empty for any other."""
    repository: pulumi.Input[str]
    username: pulumi.Input[str]
    password: pulumi.Input[str]
    caCertificate: pulumi.Input[str]
    plainHttp: bool
    catalog: bool
    """Whether all repositories of the registry are deleted with the stack, and not only the stack's own."""
    harbor: dict[str, pulumi.Input[object]] | None
    """An administrator's login to Harbor, with which all projects are read."""
    keepsImages: bool
    """Whether the images are kept when the stack is destroyed."""


class Drain(TypedDict):
    """A service of the nodes that is not deleted while pods use it; see `Departure`."""

    kubeconfig: str
    context: str
    namespace: pulumi.Input[str]
    daemonSet: str
    runtimeClass: str
    patience: int


class StorageGuard(HeroResource):
    """Runs all checks that may refuse a deletion, before anything of the stack is deleted.

    Type: `hero-home:provider:StorageGuard`. It depends on all other resources, so that the engine deletes it first. A
    delete fails where a storage has images that the stack has not pushed, or cannot be read. An update checks the
    storages that the stack no longer has. With other `identities` it is replaced, and checks the old storages before
    the engine deletes them.
    """

    def __init__(
        self,
        name: str,
        *,
        storages: list[Storage],
        identities: list[pulumi.Output[str]],
        images: list[NamedImage],
        discard: bool,
        drains: list[Drain],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Guard `storages`, whose data `identities` name; `images` are those that the stack itself has pushed."""
        super().__init__(
            "StorageGuard",
            name,
            {
                "storages": pulumi.Output.secret(storages),
                "identities": identities,
                "images": images,
                "discard": discard,
                "drains": drains,
            },
            opts,
        )
