"""Every choice by name: its settings and its component. Nobody else knows them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.image_settings import ImageSettings
from components.registries.embedded import Embedded, EmbeddedSettings
from components.registry import Registry
from components.settings import Block, Entry, Reader, read_entries


@dataclass(frozen=True)
class Choice:
    """A registry that can be chosen: the model of its block, and the component that is built from it."""

    settings: type[Block]
    component: Callable[[str, Any, str], Registry]


CHOICES: dict[str, Choice] = {
    "embedded": Choice(EmbeddedSettings, Embedded),
}
PLANNED = ("dockerhub", "harbor", "zot", "dragonfly")
DEFAULT = "embedded"


@dataclass(frozen=True)
class Settings:
    """A stack's whole config, valid."""

    registry: str
    choice: Block
    image: ImageSettings


def read_settings(entries: Mapping[str, Entry] | None = None) -> Settings:
    """Check everything that the stack says, also of the choices that it has not made.

    Raises ConfigurationError with all mistakes, before anything is provisioned.
    """
    project = pulumi.get_project()
    reader = Reader(read_entries() if entries is None else entries, pulumi.get_stack())
    registry = reader.word(f"{project}:registry", list(CHOICES), DEFAULT, PLANNED)
    image = reader.block(f"{project}:image", ImageSettings)
    blocks = {name: reader.block(f"{project}:{name}", choice.settings) for name, choice in CHOICES.items()}
    reader.unknown(
        [f"{project}:{key}" for key in ("registry", "image", *CHOICES)],
        [f"{project}:{name}" for name in PLANNED],
    )
    reader.raise_mistakes()
    return Settings(registry, reader.valid(blocks[registry]), reader.valid(image))


def build_registry(settings: Settings) -> Registry:
    """The home that the stack has chosen."""
    return CHOICES[settings.registry].component(settings.registry, settings.choice, settings.image.name)
