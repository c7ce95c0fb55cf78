"""The guard of the images that other users have pushed to the stack's registries."""

from collections.abc import Mapping, Sequence

import pulumi

from components.hero_image import HeroImage
from components.registry import Registry
from components.switch import SwitchSettings
from providers.storage_guard import Drain, Storage, StorageGuard


def guard_storages(
    registries: Mapping[str, Registry],
    hero: HeroImage,
    settings: SwitchSettings,
    after: Sequence[pulumi.Resource],
    drains: Sequence[Drain] = (),
    name: str = "storage-guard",
    opts: pulumi.ResourceOptions | None = None,
) -> StorageGuard:
    """Guard what these registries store, by their types; `after` is all that the stack has besides them."""
    # By name, so that a registry which becomes a mirror is the same storage.
    guarded = sorted(registries.items())
    waits = pulumi.ResourceOptions(depends_on=[*registries.values(), hero, *after])
    return StorageGuard(
        name,
        storages=[_storage(kind, registry) for kind, registry in guarded],
        identities=[registry.storage for _, registry in guarded],
        images=hero.forms,
        discard=settings.discard,
        drains=[*drains],
        opts=pulumi.ResourceOptions.merge(opts, waits),
    )


def _storage(kind: str, registry: Registry) -> Storage:
    return Storage(
        registry=kind,
        directory=registry.directory,
        repository=registry.repository,
        username=registry.pusher.username,
        password=registry.pusher.password,
        caCertificate=registry.ca_certificate or "",
        plainHttp=registry.plain_http,
        catalog=registry.is_whole,
        harbor=registry.administrator,
        keepsImages=registry.keeps_images,
    )
