"""The program's own story as one component: a registry, Hero's home in it, the image, and what a cluster gets."""

from typing import TYPE_CHECKING

import pulumi

from components.catalogue import Settings, build_registry
from components.hero_image import HeroImage
from components.kubernetes.pull_secrets import PullSecrets
from components.mirrors import HeroCopy
from components.storage_guard import guard_storages
from components.switch import settle
from package.schema import HOME

if TYPE_CHECKING:
    from providers.storage_guard import Drain


class Home(pulumi.ComponentResource):
    """A registry of the chosen kind, with a container image in it that was built or taken.

    Type: `hero:index:Home`. Produces what the program in `__main__.py` does, each a child and named after it.
    """

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(HOME, name, None, opts)
        within = pulumi.ResourceOptions(parent=self)
        registry = build_registry(settings, f"{name}-", within)
        mirrors = {each.registry: build_registry(each, f"{name}-", within) for each in settings.mirrors}
        home = settle(
            registry,
            settings.keeper,
            settings.image.every_tag,
            settings.switch,
            list(mirrors),
            f"{name}-home",
            within,
        )
        hero = HeroImage(f"{name}-hero", registry, settings.image, after=[registry, home], opts=within)
        copies = [
            HeroCopy(f"{name}-hero-{choice}", choice, mirror, registry, hero, within)
            for choice, mirror in mirrors.items()
        ]
        rest: list[pulumi.Resource] = [home, *copies]
        drains: list[Drain] = []
        if settings.pull_secrets.namespaces:
            homes = [registry, *mirrors.values()]
            rest.append(PullSecrets(f"{name}-pull-secrets", homes, settings.pull_secrets, settings.cluster, within))
        if settings.asked:
            # What lives in a cluster takes as long to import as all the rest.
            from components.kubernetes.fallback import Fallback  # noqa: PLC0415

            asked = {choice: mirrors[choice] for choice in settings.asked}
            after = [registry, *copies]
            fallback = Fallback(f"{name}-fallback", registry, asked, settings.fallback, settings.cluster, after, within)
            rest.append(fallback)
        if settings.nydus.snapshotter:
            from components.kubernetes.nydus.snapshotter import NydusSnapshotter  # noqa: PLC0415

            snapshotter = NydusSnapshotter(
                f"{name}-nydus", registry, hero, settings.nydus, settings.cluster, registry.proxy, within
            )
            rest.append(snapshotter)
            drains.append(snapshotter.drain)
        # The last one, so that it is the first to be deleted.
        guarded = {settings.keeper: registry, **mirrors}
        guard_storages(guarded, hero, settings.switch, rest, drains, f"{name}-storage-guard", within)
        self.told: dict[str, pulumi.Input[object]] = {
            "registry": settings.registry,
            "address": registry.address,
            "repository": registry.repository,
            "image": hero.image,
            "digest": hero.digest,
            "tags": hero.tags,
            "nydusImage": hero.nydus_image,
            "mirrors": [copy.image for copy in copies],
            "page": registry.page,
            "pull": hero.pull,
            "caCertificate": registry.ca_certificate,
            "pusherUsername": registry.pusher.username,
            "pusherPassword": registry.pusher.password,
            "pullerUsername": registry.puller.username,
            "pullerPassword": registry.puller.password,
        }
        self.register_outputs(self.told)
