"""An image in a registry, put there without Docker's help."""

from typing import Literal, TypedDict

import pulumi

from providers.resource import HeroResource, proof


class ImageSource(TypedDict, total=False):
    """Where an image comes from."""

    kind: Literal["ko", "archive", "layout", "engine", "registry"]
    path: pulumi.Input[str]
    """Of a Go main package (ko), a `docker save` file (archive) or an OCI image layout (layout)."""
    platforms: list[str]
    """Only for ko: `os/architecture[/variant]`."""
    reference: pulumi.Input[str]
    """Of an image in the Docker engine, its name or its ID (engine), or of one in the same registry (registry)."""


class Image(HeroResource):
    """An image with all its tags, and its SBOM as a referrer: always where ko built it, else where that is wanted.

    Type: `hero-home:provider:Image`. A preview reads the source and nothing else. An update uploads only what the
    registry lacks; another password alone uploads nothing. On destroy the image stays: its registry decides what
    becomes of it.
    """

    digest: pulumi.Output[str]
    """`sha256:…` of the image, or of the index where there are several platforms."""
    uploaded: pulumi.Output[int]
    """How many bytes the last push sent."""

    def __init__(
        self,
        name: str,
        *,
        repository: pulumi.Input[str],
        tags: list[str],
        source: ImageSource,
        username: pulumi.Input[str],
        password: pulumi.Input[str],
        ca_certificate: pulumi.Input[str],
        plain_http: bool,
        identity_key: pulumi.Input[str | None] | None = None,
        home: pulumi.Input[str],
        sbom: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Push to `repository`; another `home` means that the registry lost what it had.

        With `plain_http`, a registry that is not on this machine is spoken to without TLS.

        With `sbom`, an image that brings no SBOM along is scanned for one, once; what is attached stays.
        """
        super().__init__(
            "Image",
            name,
            {
                "repository": repository,
                "tags": tags,
                "source": source,
                "username": username,
                "password": pulumi.Output.secret(password),
                "ca_certificate": ca_certificate,
                "plain_http": plain_http,
                **proof(identity_key),
                "home": home,
                "sbom": sbom,
                "digest": None,
                "uploaded": None,
            },
            opts,
        )
