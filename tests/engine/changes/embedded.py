"""The embedded registry."""

from tests.checkout import free_port
from tests.engine.changes.change import Blocks, Change
from tests.engine.changes.docker_hub import docker_hub


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
    kept = dict.fromkeys(("dockerhub-repository", "dockerhub-pusher-token", "dockerhub-puller-token"), "create")
    mirror = {**kept, "hero-dockerhub-copy": "create", "home": "update"}
    account = {f"dockerhub.{key}": value for key, value in docker_hub()["dockerhub"].items()}
    return [
        Change("image.name", "another/hero", pushed),
        Change("mirrors", ["dockerhub"], mirror, account),
        Change("embedded.port", free_port(), moved),
        Change("embedded.directory", ".hero/elsewhere", lost),
        Change("embedded.keepData", value=True, expected={"embedded-process": "update", "home": "update"}),
        Change("embedded.rotate", "another", {"embedded-process": "update", "home": "update", "hero-image": "update"}),
    ]
