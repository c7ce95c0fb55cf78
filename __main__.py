"""Config names a home for Hero's image; this program builds that home, moves Hero in, and says where Hero lives."""

import pulumi

from components.catalogue import build_registry, read_settings
from components.hero_image import HeroImage
from components.kubernetes.pull_secrets import PullSecrets
from components.mirrors import HeroCopy
from components.storage_guard import guard_storages
from components.switch import settle
from providers.storage_guard import Drain

settings = read_settings()
registry = build_registry(settings)
mirrors = {each.registry: build_registry(each) for each in settings.mirrors}
home = settle(registry, settings.keeper, settings.image.every_tag, settings.switch, list(mirrors))
hero = HeroImage("hero", registry, settings.image, after=[registry, home])
copies = [HeroCopy(f"hero-{choice}", choice, mirror, registry, hero) for choice, mirror in mirrors.items()]
rest: list[pulumi.Resource] = [home, *copies]
drains: list[Drain] = []
if settings.pull_secrets.namespaces:
    rest.append(PullSecrets("pull-secrets", [registry, *mirrors.values()], settings.pull_secrets, settings.cluster))
if settings.asked:
    # What lives in a cluster takes as long to import as all the rest.
    from components.kubernetes.fallback import Fallback

    asked = {choice: mirrors[choice] for choice in settings.asked}
    rest.append(Fallback("fallback", registry, asked, settings.fallback, settings.cluster, [registry, *copies]))
if settings.nydus.snapshotter:
    from components.kubernetes.nydus.snapshotter import NydusSnapshotter

    snapshotter = NydusSnapshotter("nydus", registry, hero, settings.nydus, settings.cluster, registry.proxy)
    rest.append(snapshotter)
    drains.append(snapshotter.drain)
# The last one, so that it is the first to be deleted.
guard_storages({settings.keeper: registry, **mirrors}, hero, settings.switch, rest, drains)

pulumi.export("registry", settings.registry)
pulumi.export("address", registry.address)
pulumi.export("repository", registry.repository)
pulumi.export("image", hero.image)
pulumi.export("digest", hero.digest)
pulumi.export("tags", hero.tags)
pulumi.export("nydusImage", hero.nydus_image)
pulumi.export("mirrors", [copy.image for copy in copies])
pulumi.export("page", registry.page)
pulumi.export("login", registry.login)
pulumi.export("pull", hero.pull)
pulumi.export("caCertificate", registry.ca_certificate)
pulumi.export("pusherUsername", registry.pusher.username)
pulumi.export("pusherPassword", registry.pusher.password)
pulumi.export("pullerUsername", registry.puller.username)
pulumi.export("pullerPassword", registry.puller.password)
