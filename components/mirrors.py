"""Further homes that keep what Hero's home keeps, with the same digests."""

import pulumi
from pydantic import Field, ValidationInfo, field_validator

from components.hero_image import HeroImage
from components.registry import Registry
from components.settings import Block, Superfluous
from providers.image_copy import Access, ImageCopy


class FallbackSettings(Block):
    """The block `hero:fallback`; without it, no node is touched."""

    nodes: bool = Field(
        default=False,
        description="Let containerd on each node pull from the mirrors, in their order, when the primary registry"
        " does not serve the image.",
        examples=["true"],
    )
    logins: bool = Field(
        default=False,
        description="Store the mirrors' pull credentials on each node, in plaintext and readable by root. Not "
        "needed if the mirrors serve anonymous pulls.",
        examples=["true"],
    )

    @field_validator("logins")
    @classmethod
    def _check_logins(cls, logins: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - the value itself
        if logins and info.data.get("nodes") is False:
            raise Superfluous("no node asks a mirror")
        return logins


class HeroCopy(pulumi.ComponentResource):
    """Hero's image in a further registry, and its form for Nydus where it has one, under all their tags.

    Type: `hero:image:HeroCopy`. Produces a `hero-home:provider:ImageCopy`, and whatever the registry looks at an image
    with before others may hear of it.
    """

    image: pulumi.Output[str]
    """`repository@sha256:…` there; the digest is the one in Hero's home."""

    def __init__(
        self,
        name: str,
        choice: str,
        mirror: Registry,
        home: Registry,
        hero: HeroImage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Copy `hero` from its `home` to the `mirror`, which is the `choice` of this name in config."""
        super().__init__("hero:image:HeroCopy", name, None, opts)
        copied = ImageCopy(
            f"{name}-copy",
            registry=choice,
            repository=mirror.repository,
            username=mirror.pusher.username,
            password=mirror.pusher.password,
            ca_certificate=mirror.ca_certificate or "",
            plain_http=mirror.plain_http,
            identity_key=mirror.identity_key,
            source=_access(home),
            images=hero.forms,
            sbom=hero.has_sbom,
            home=mirror.storage,
            # The image is there once it has its digest; a registry may need more than what is asked of it here.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[mirror]),
        )
        digest = copied.images.apply(lambda images: images[0]["digest"])
        self.image = pulumi.Output.concat(mirror.repository, "@", mirror.admit(name, digest, self))
        self.register_outputs({"image": self.image})


def _access(home: Registry) -> pulumi.Input[Access]:
    """How the plugin reads from it."""
    access = Access(
        repository=home.repository,
        username=home.pusher.username,
        password=home.pusher.password,
        caCertificate=home.ca_certificate or "",
        plainHttp=home.plain_http,
    )
    return access if home.identity_key is None else home.identity_key.apply(lambda key: _verified(access, key))


def _verified(access: Access, identity_key: str | None) -> Access:
    return access if identity_key is None else {**access, "identityKey": identity_key}
