"""The image, its tags, and where it comes from; pushed as a dependent of the registry, whichever that is."""

import hashlib
from pathlib import Path

import pulumi

from components.image_settings import NYDUS_SUFFIX, Build, ImageSettings, Nydus
from components.registry import Registry
from providers.image import Image, ImageSource
from providers.image_copy import NamedImage
from providers.nydus import NydusImage
from providers.webhook import Webhook

KO_PLATFORMS = ["linux/amd64", "linux/arm64"]


class HeroImage(pulumi.ComponentResource):
    """Hero's image in a registry, under all its tags.

    Type: `hero:image:HeroImage`. Produces a `hero-home:provider:Image`, for `build: docker` a
    `docker:index/image:Image` before it, and after it for `nydus` a `hero-home:provider:NydusImage` and for each of its
    webhooks a `hero-home:provider:Webhook`. Consumers take `image`, which names a digest, never a tag.
    """

    image: pulumi.Output[str]
    """`repository@sha256:…`."""
    digest: pulumi.Output[str]
    """`sha256:…`."""
    tags: list[str]
    """Every tag that names this digest."""
    pull: pulumi.Output[str]
    """The command that pulls it, once the Docker engine has logged in."""
    nydus_image: pulumi.Output[str] | None
    """`repository@sha256:…` of the form for Nydus; None where there is none."""
    forms: list[NamedImage]
    """The image, and after it its form for Nydus, where there is one."""
    has_sbom: bool
    """Whether one was made for the image; what an image brings along itself it has in any case."""

    def __init__(
        self,
        name: str,
        registry: Registry,
        settings: ImageSettings,
        *,
        after: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        waiting = pulumi.ResourceOptions(depends_on=after)
        super().__init__("hero:image:HeroImage", name, None, pulumi.ResourceOptions.merge(opts, waiting))
        self._name = name
        self._registry = registry
        self._settings = settings
        # Said of each of them: what a component waits for is not written down for what is in it.
        self._placed = pulumi.ResourceOptions(parent=self, depends_on=after)
        pushed = Image(
            f"{name}-image",
            repository=registry.repository,
            tags=settings.tags,
            source=self._source(),
            username=registry.pusher.username,
            password=registry.pusher.password,
            ca_certificate=registry.ca_certificate or "",
            plain_http=registry.plain_http,
            identity_key=registry.identity_key,
            home=registry.storage,
            sbom=bool(settings.sbom),
            opts=self._placed,
        )
        self.digest = registry.admit(name, pushed.digest, self)
        self._call_webhooks()
        self.image = pulumi.Output.concat(registry.repository, "@", self.digest)
        self.tags = settings.tags
        self.pull = pulumi.Output.concat("docker pull ", self.image)
        self.has_sbom = bool(settings.sbom)
        self.forms = [{"digest": self.digest, "tags": settings.tags}]
        self.nydus_image = None if settings.nydus == Nydus.NONE else self._converted(settings.nydus)
        self.register_outputs(
            {"image": self.image, "digest": self.digest, "tags": self.tags, "nydusImage": self.nydus_image}
        )

    def _converted(self, form: Nydus) -> pulumi.Output[str]:
        """Of an image that others may hear of already, so that nothing is said of one that is not admitted."""
        registry, name = self._registry, f"{self._name}-nydus"
        converted = NydusImage(
            name,
            repository=registry.repository,
            tags=self._settings.tags,
            digest=self.digest,
            merged=form == Nydus.MERGED,
            prefetch=self._settings.nydus_prefetch,
            username=registry.pusher.username,
            password=registry.pusher.password,
            ca_certificate=registry.ca_certificate or "",
            plain_http=registry.plain_http,
            identity_key=registry.identity_key,
            home=registry.storage,
            keep=registry.keeps_images,
            opts=self._placed,
        )
        digest = registry.spread(name, converted.nydus_digest, self)
        self.forms.append({"digest": digest, "tags": [f"{tag}{NYDUS_SUFFIX}" for tag in self._settings.tags]})
        return pulumi.Output.concat(registry.repository, "@", digest)

    def _call_webhooks(self) -> None:
        settings = self._settings
        for url in settings.webhooks:
            Webhook(
                # By its address, so that one more or one less is no call to the others.
                f"{self._name}-webhook-{hashlib.sha256(url.encode()).hexdigest()[:8]}",
                url=url,
                secret=settings.webhook_secret or "",
                repository=self._registry.repository,
                digest=self.digest,
                tags=settings.tags,
                pusher=self._registry.pusher.username,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _source(self) -> ImageSource:
        settings = self._settings
        if settings.build == Build.KO:
            return ImageSource(kind="ko", path=settings.context, platforms=settings.platforms or KO_PLATFORMS)
        if settings.build == Build.DOCKER:
            return self._built_by_docker()
        source = settings.source or ""
        if not settings.source_is_path:
            # Not by docker.Tag and docker.RegistryImage: they do not see that the name means another image by now, and
            # they look for what they pushed by https alone.
            return ImageSource(kind="engine", reference=source)
        return ImageSource(kind="layout" if Path(source).is_dir() else "archive", path=source)

    def _built_by_docker(self) -> ImageSource:
        """Built by the Docker engine and pushed by it too, where it can reach the registry as it is."""
        import pulumi_docker as docker  # noqa: PLC0415 - takes as long to import as all the rest

        settings, registry = self._settings, self._registry
        # Without asking people to edit the engine's configuration, it knows no authority but the public ones.
        by_docker = registry.ca_certificate is None and not registry.plain_http
        built = docker.Image(
            f"{self._name}-build",
            image_name=pulumi.Output.concat(registry.repository, ":", settings.tags[0]),
            build=docker.DockerBuildArgs(
                context=settings.context,
                dockerfile=f"{settings.context}/{settings.dockerfile or 'Dockerfile'}",
                platform=settings.platforms[0] if settings.platforms else None,
            ),
            registry=docker.RegistryArgs(
                server=registry.auth_key,
                username=registry.pusher.username,
                password=pulumi.Output.secret(registry.pusher.password),
            ),
            build_on_preview=False,
            skip_push=not by_docker,
            opts=pulumi.ResourceOptions.merge(
                self._placed,
                pulumi.ResourceOptions(
                    # It only ever looks at its inputs, so it has to be told that the registry lost what it had.
                    replacement_trigger=registry.storage,
                    # It deletes nothing anyway, and so the engine need not even run for a destroy.
                    retain_on_delete=True,
                ),
            ),
        )
        if not by_docker:
            # What is not pushed has no digest: this is the image's ID then. The name stays the same whatever is built.
            return ImageSource(kind="engine", reference=built.repo_digest)
        return ImageSource(kind="registry", reference=built.repo_digest)
