"""The embedded registry."""

from tests.checkout import free_port
from tests.engine.changes.change import Blocks, Change


def embedded() -> Blocks:
    """A process of the stack's own."""
    return {"embedded": {"port": free_port()}}


def embedded_changes(build: str) -> list[Change]:
    """What the keys of `hero:embedded` do."""
    docker = build == "docker"
    moved = {"embedded-process": "update", "home": "update", "hero-image": "update"} | (
        {"hero-build": "update"} if docker else {}
    )
    lost = {"embedded-process": "replace", "home": "update", "hero-image": "update"} | (
        {"hero-build": "replace"} if docker else {}
    )
    pushed = {"home": "update", "hero-image": "update"} | ({"hero-build": "update"} if docker else {})
    return [
        Change("image.name", "another/hero", pushed),
        Change("embedded.port", free_port(), moved),
        Change("embedded.directory", ".hero/elsewhere", lost),
        Change("embedded.keepData", value=True, expected={"embedded-process": "update", "home": "update"}),
        Change("embedded.rotate", "another", {"embedded-process": "update", "home": "update", "hero-image": "update"}),
    ]
