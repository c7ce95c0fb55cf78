"""Every choice by name: its settings and its component. Nobody else knows them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.reader import Entry, Reader, read_entries
from components.registries.docker_hub import DockerHub, DockerHubSettings
from components.registries.embedded import Embedded, EmbeddedSettings
from components.registries.harbor.settings import HarborSettings
from components.registries.zot.settings import ZotSettings
from components.registry import Registry
from components.settings import Block


@dataclass(frozen=True)
class Settings:
    """A stack's whole config, valid."""

    registry: str
    choice: Any
    """The block of the registry that is chosen, and of its own class."""
    image: ImageSettings
    pull_secrets: PullSecretsSettings
    cluster: ClusterSettings
    nydus: NydusSettings


@dataclass(frozen=True)
class Choice:
    """A registry that can be chosen: the model of its block, and the component that is built from it."""

    settings: type[Block]
    component: Callable[[str, Settings], Registry]
    page: str
    """Its page in docs/."""
    levels: Callable[[Any], int | None] = lambda _: None
    """How many words joined by / an image's name may have, with these settings; None where any number may be."""


def _zot(name: str, stack: Settings) -> Registry:
    # What lives in a cluster takes as long to import as all the rest.
    from components.registries.zot.zot import Zot  # noqa: PLC0415

    return Zot(name, stack.choice, stack.image, stack.cluster)


def _harbor(name: str, stack: Settings) -> Registry:
    from components.registries.harbor.harbor import Harbor  # noqa: PLC0415 - as above

    return Harbor(name, stack.choice, stack.image, stack.cluster)


CHOICES: dict[str, Choice] = {
    "embedded": Choice(
        EmbeddedSettings, lambda name, stack: Embedded(name, stack.choice, stack.image.name), "embedded"
    ),
    "dockerhub": Choice(
        DockerHubSettings,
        lambda name, stack: DockerHub(name, stack.choice, stack.image.name),
        "docker-hub",
        lambda settings: settings.levels,
    ),
    "harbor": Choice(HarborSettings, _harbor, "harbor"),
    "zot": Choice(ZotSettings, _zot, "zot"),
}
PLANNED = ("dragonfly",)
DEFAULT = "embedded"


def read_settings(entries: Mapping[str, Entry] | None = None) -> Settings:
    """Check everything that the stack says, also of the choices that it has not made.

    Raises ConfigurationError with all mistakes, before anything is provisioned.
    """
    project = pulumi.get_project()
    reader = Reader(read_entries() if entries is None else entries, pulumi.get_stack())
    registry = reader.word(f"{project}:registry", list(CHOICES), DEFAULT, PLANNED)
    image = reader.block(f"{project}:image", ImageSettings)
    blocks = {
        name: reader.block(f"{project}:{name}", choice.settings)
        for name, choice in CHOICES.items()
        # What another choice needs is asked of nobody who does not name it.
        if name == registry or reader.has(f"{project}:{name}")
    }
    _limit_levels(reader, f"{project}:image.name", registry, blocks[registry], image)
    pull_secrets = reader.block(f"{project}:pullSecrets", PullSecretsSettings)
    cluster = reader.block(f"{project}:cluster", ClusterSettings)
    nydus = reader.block(f"{project}:nydus", NydusSettings)
    reader.unknown(
        [f"{project}:{key}" for key in ("registry", "image", "pullSecrets", "cluster", "nydus", *CHOICES)],
        [f"{project}:{name}" for name in PLANNED],
    )
    reader.raise_mistakes()
    return Settings(
        registry,
        reader.valid(blocks[registry]),
        reader.valid(image),
        reader.valid(pull_secrets),
        reader.valid(cluster),
        reader.valid(nydus),
    )


def _limit_levels(
    reader: Reader, path: str, registry: str, settings: Block | None, image: ImageSettings | None
) -> None:
    levels = None if settings is None else CHOICES[registry].levels(settings)
    if image is None or levels is None or image.name.count("/") < levels:
        return
    allowed = "one word" if levels == 1 else f"at most {levels} words joined by /"
    reader.refuse(path, f"{registry} has no place for this name", allowed, image.name.rpartition("/")[2])


def build_registry(settings: Settings) -> Registry:
    """The home that the stack has chosen."""
    return CHOICES[settings.registry].component(settings.registry, settings)
