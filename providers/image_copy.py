"""An image that lives in a further registry too."""

from typing import Any, NotRequired, TypedDict

import pulumi

from providers.resource import HeroResource, proof


class NamedImage(TypedDict):
    """An image by its digest, with the tags that it has in each of its homes."""

    digest: pulumi.Input[str]
    tags: list[str]


class Access(TypedDict):
    """A repository, and how one gets in."""

    repository: pulumi.Input[str]
    username: pulumi.Input[str]
    password: pulumi.Input[str]
    caCertificate: pulumi.Input[str]
    plainHttp: bool
    identityKey: NotRequired[pulumi.Input[str]]


class ImageCopy(HeroResource):
    """Images of a repository in another one, with the same digests and all that is attached to them.

    Type: `hero-home:provider:ImageCopy`. Sends what the other registry lacks, and reads it back; tags come last. Copies
    where an image, its tags or `home` are others, or a refresh found a tag missing; another password alone does
    nothing. Tags that are no longer wanted are taken away. On destroy the images stay: their registry decides what
    becomes of them.
    """

    images: pulumi.Output[list[dict[str, Any]]]
    """What is there now, each like a `NamedImage`, which the SDK does not make of a provider's answer."""

    def __init__(
        self,
        name: str,
        *,
        registry: str,
        repository: pulumi.Input[str],
        username: pulumi.Input[str],
        password: pulumi.Input[str],
        ca_certificate: pulumi.Input[str],
        plain_http: bool,
        identity_key: pulumi.Input[str | None] | None = None,
        source: pulumi.Input[Access],
        images: list[NamedImage],
        sbom: bool,
        home: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Copy from `source` to `repository`, which is in `registry`, a choice by its name in config.

        Another `sbom` means that one is attached by now, and another `home` that the registry lost what it had.
        """
        super().__init__(
            "ImageCopy",
            name,
            {
                "registry": registry,
                "repository": repository,
                "username": username,
                "password": pulumi.Output.secret(password),
                "ca_certificate": ca_certificate,
                "plain_http": plain_http,
                **proof(identity_key),
                "source": pulumi.Output.secret(source),
                "images": images,
                "sbom": sbom,
                "home": home,
            },
            opts,
        )
