"""What becomes of the images when a stack chooses another registry."""

from enum import StrEnum

import pulumi
from pydantic import Field

from components.registry import Registry
from components.settings import Block
from providers.home import Home


class Copy(StrEnum):
    """What comes along."""

    ALL = "all"
    CURRENT = "current"
    NONE = "none"


class SwitchSettings(Block):
    """The block `hero:switch`."""

    copied: Copy = Field(
        default=Copy.ALL,
        alias="copy",
        description="What is copied to the new registry: all (every tag, with everything attached), current (only"
        " the stack's own tags) or none.",
        examples=["current"],
    )
    discard: bool = Field(
        default=False,
        description="Allow the deletion of images that exist nowhere else.",
        examples=["true"],
    )


def settle(
    registry: Registry,
    keeper: str,
    tags: list[str],
    settings: SwitchSettings,
    mirrors: list[str],
    name: str = "home",
    opts: pulumi.ResourceOptions | None = None,
) -> Home:
    """The registry as Hero's home; `keeper` is the choice that keeps the images, and `tags` are the stack's own."""
    return Home(
        name,
        registry=keeper,
        repository=registry.repository,
        username=registry.pusher.username,
        password=registry.pusher.password,
        ca_certificate=registry.ca_certificate or "",
        plain_http=registry.plain_http,
        identity_key=registry.identity_key,
        tags=tags,
        keeps_images=registry.keeps_images,
        copy=settings.copied.value,
        discard=settings.discard,
        mirrors=mirrors,
        directory=registry.directory,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[registry])),
    )
