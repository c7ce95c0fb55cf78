"""Every choice as the scenarios see it: a config to begin with, and what each key of config means for each resource.

A choice that joins the catalogue joins here; a test asks for every one of its keys.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.checkout import free_port
from tests.engine.house import House

Blocks = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Change:
    """Another value of one key, and what it does: the operation for each resource that does not stay the same."""

    key: str
    value: object
    expected: dict[str, str]
    beside: dict[str, Any] = field(default_factory=dict[str, Any])
    """Other keys without which this one would be a mistake."""

    @property
    def block(self) -> str:
        """`image` of `image.tags`."""
        return self.key.partition(".")[0]

    def apply(self, config: dict[str, Any]) -> dict[str, Any]:
        """The config with this value in it."""
        changed = {**config}
        for key, value in ({self.key: self.value} | self.beside).items():
            block, _, name = key.partition(".")
            changed[block] = {**changed.get(block, {}), name: value}
        return changed


@dataclass(frozen=True)
class Case:
    """A choice with one way to build the image."""

    choice: str
    build: str
    begin: Callable[[], Blocks]
    changes: list[Change]

    def __str__(self) -> str:
        """As pytest shows it."""
        return f"{self.choice}-{self.build}"

    def config(self) -> dict[str, Any]:
        """The whole config of a stack that has made this choice."""
        blocks = self.begin()
        image = {"build": self.build, **blocks.pop("image", {})}
        return {"registry": self.choice, "image": image, **blocks}


def write_sources(house: House) -> None:
    """What the changed keys point at."""
    (house.path / "other").mkdir()
    for file in ("main.go", "go.mod"):
        (house.path / "other" / file).write_bytes((house.path / "hero" / file).read_bytes())
    (house.path / "other" / "Dockerfile").write_text("FROM scratch\n")
    (house.path / "hero" / "Other.Dockerfile").write_text("FROM scratch\n")


def image_changes(build: str) -> list[Change]:
    """What the keys of `hero:image` do, wherever the image lives."""
    pushed = {"hero-image": "update"}
    if build == "ko":
        return [
            Change("image.name", "another/hero", pushed),
            Change("image.tags", ["v0.0.1", "latest"], pushed),
            Change("image.context", "./other", pushed),
            Change("image.platforms", ["linux/arm64"], pushed),
            Change("image.source", "cncf-demo:v0.0.1", pushed, {"image.build": "existing"}),
            Change("image.build", "docker", {"hero-build": "create", "hero-image": "update"}),
        ]
    built = {"hero-build": "update", "hero-image": "update"}
    return [
        Change("image.name", "another/hero", built),
        Change("image.tags", ["v0.0.1", "latest"], built),
        Change("image.tags", ["latest", "v0.0.1"], pushed),
        Change("image.context", "./other", built),
        Change("image.dockerfile", "Other.Dockerfile", built),
        Change("image.platforms", ["linux/arm64"], built),
        # What docker pushed stays; without a delete the engine forgets the resource.
        Change("image.build", "ko", {"hero-build": "delete", "hero-image": "update"}),
    ]


def embedded_changes(build: str) -> list[Change]:
    """What the keys of `hero:embedded` do."""
    docker = build == "docker"
    moved = {"embedded-process": "update", "hero-image": "update"} | ({"hero-build": "update"} if docker else {})
    lost = {"embedded-process": "replace", "hero-image": "update"} | ({"hero-build": "replace"} if docker else {})
    return [
        Change("embedded.port", free_port(), moved),
        Change("embedded.directory", ".hero/elsewhere", lost),
        Change("embedded.keepData", value=True, expected={"embedded-process": "update"}),
        Change("embedded.rotate", "another", {"embedded-process": "update"}),
    ]


CASES = [
    Case(
        "embedded",
        build,
        lambda: {"embedded": {"port": free_port()}},
        [*image_changes(build), *embedded_changes(build)],
    )
    for build in ("ko", "docker")
]
