"""Every choice as the scenarios see it: a config to begin with, and what each key of config means for each resource.

A choice that joins the catalogue joins here; a test asks for every one of its keys.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.checkout import free_port
from tests.engine.house import House, Secret
from tests.engine.world import Login, Registry

WEBHOOK = "https://example.com/hero"
ELSEWHERE = "registry.example.com"
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
    def needs(self) -> set[str]:
        """What must be there for it where nothing is played."""
        found = {"kubernetes"} if self.key.startswith(("pullSecrets.", "cluster.")) else set[str]()
        found |= {"docker"} if "docker" in (self.value, self.beside.get("image.build")) else set()
        found |= {"an image of the Docker engine"} if self.key == "image.source" else set()
        return found | ({"somebody to call"} if self.key.startswith("image.webhook") else set())

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

    @property
    def needs(self) -> set[str]:
        """What must be there for it where nothing is played."""
        docker = {"docker"} if self.build == "docker" else set[str]()
        return docker | ({"an account of Docker Hub"} if self.choice == "dockerhub" else set())

    def __str__(self) -> str:
        """As pytest shows it."""
        return f"{self.choice}-{self.build}"

    def config(self) -> dict[str, Any]:
        """The whole config of a stack that has made this choice."""
        blocks = self.begin()
        image = {"build": self.build, **blocks.pop("image", {})}
        return {"registry": self.choice, "image": image, **blocks}


def furnish(house: House) -> None:
    """What the changed keys point at: files, and another registry with logins of its own."""
    (house.path / "kubeconfig").write_text("{}")
    (house.path / "other.md").write_text("# Another Hero\n")
    (house.path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    logins = [Login("vfarcic", "the-administrators-token", may_push=True)]
    house.world.registries[ELSEWHERE] = Registry(logins, somebody_elses=True)
    theirs = [Login(who, "their-pushers-token", may_push=True) for who in ("vfarcic", "ci")]
    house.world.registries["docker.io"] = Registry(theirs, somebody_elses=True)
    # What any Docker engine can build without pulling anything.
    (house.path / "hero" / "Dockerfile").write_text("FROM scratch\nCOPY VERSION /\n")
    shutil.copytree(house.path / "hero", house.path / "other")
    (house.path / "other" / "VERSION").write_text("another")
    (house.path / "hero" / "Other.Dockerfile").write_text("FROM scratch\nCOPY main.go /\n")


def shared_changes(build: str) -> list[Change]:
    """What the keys do that are no choice's own, wherever the image lives."""
    called = {f"hero-webhook-{hashlib.sha256(WEBHOOK.encode()).hexdigest()[:8]}": "create"}
    planted = {"pull-secrets-default": "create"}
    return [
        *image_changes(build),
        Change("image.webhooks", [WEBHOOK], called),
        Change("image.webhookSecret", Secret("their-secret"), called, {"image.webhooks": [WEBHOOK]}),
        Change("pullSecrets.namespaces", ["default"], planted),
        Change("pullSecrets.name", "login", planted, {"pullSecrets.namespaces": ["default"]}),
        Change("cluster.kubeconfig", "./kubeconfig", planted, {"pullSecrets.namespaces": ["default"]}),
        Change("cluster.context", "kind-hero", planted, {"pullSecrets.namespaces": ["default"]}),
    ]


def image_changes(build: str) -> list[Change]:
    """What the keys of `hero:image` do to the image."""
    pushed = {"hero-image": "update"}
    if build == "ko":
        return [
            Change("image.tags", ["v0.0.1", "latest"], pushed),
            Change("image.context", "./other", pushed),
            Change("image.platforms", ["linux/arm64"], pushed),
            Change("image.source", "cncf-demo:v0.0.1", pushed, {"image.build": "existing"}),
            Change("image.build", "docker", {"hero-build": "create", "hero-image": "update"}),
        ]
    built = {"hero-build": "update", "hero-image": "update"}
    return [
        Change("image.tags", ["v0.0.1", "latest"], built),
        Change("image.tags", ["latest", "v0.0.1"], pushed),
        Change("image.context", "./other", built),
        Change("image.dockerfile", "Other.Dockerfile", built),
        Change("image.platforms", ["linux/arm64"], built),
        Change("image.sbom", value=True, expected=pushed),
        # What docker pushed stays; without a delete the engine forgets the resource.
        Change("image.build", "ko", {"hero-build": "delete", "hero-image": "update"}),
    ]


def embedded_changes(build: str) -> list[Change]:
    """What the keys of `hero:embedded` do."""
    docker = build == "docker"
    moved = {"embedded-process": "update", "hero-image": "update"} | ({"hero-build": "update"} if docker else {})
    lost = {"embedded-process": "replace", "hero-image": "update"} | ({"hero-build": "replace"} if docker else {})
    pushed = {"hero-image": "update"} | ({"hero-build": "update"} if docker else {})
    return [
        Change("image.name", "another/hero", pushed),
        Change("embedded.port", free_port(), moved),
        Change("embedded.directory", ".hero/elsewhere", lost),
        Change("embedded.keepData", value=True, expected={"embedded-process": "update"}),
        Change("embedded.rotate", "another", {"embedded-process": "update", "hero-image": "update"}),
    ]


def docker_hub_changes(build: str) -> list[Change]:
    """What the keys of `hero:dockerhub` do."""
    built = {"hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    tokens = {f"dockerhub-{role}-token": "replace" for role in ("pusher", "puller")}
    described = {"dockerhub-repository": "update"}
    given = {"dockerhub-pusher-token": "delete", "hero-image": "update"}
    theirs = {"server": ELSEWHERE, "pullerToken": Secret("their-pullers-token"), "caCertificate": "ca.pem"}
    gone = dict.fromkeys(("dockerhub-repository", *tokens), "delete")
    return [
        Change("image.name", "another-hero", {"dockerhub-repository": "replace"} | tokens | built),
        Change("dockerhub.namespace", "another", {"dockerhub-repository": "replace"} | tokens | built),
        Change("dockerhub.username", "somebody", described | tokens | {"hero-image": "update"}),
        Change("dockerhub.token", Secret("another-token"), described | dict.fromkeys(tokens, "update")),
        Change("dockerhub.description", "Another Hero", described),
        Change("dockerhub.overview", "other.md", described),
        Change("dockerhub.private", value=False, expected=described),
        Change("dockerhub.immutableTags", ["v.*"], described),
        Change("dockerhub.keepData", value=True, expected=described),
        Change("dockerhub.rotate", "another", tokens | {"hero-image": "update"}),
        Change("dockerhub.pusherToken", Secret("their-pushers-token"), given),
        Change(
            "dockerhub.pusherUsername",
            "ci",
            given,
            {"dockerhub.pusherToken": Secret("their-pushers-token")},
        ),
        Change("dockerhub.pullerToken", Secret("their-pullers-token"), {"dockerhub-puller-token": "delete"}),
        Change(
            "dockerhub.pullerUsername",
            "cluster",
            {"dockerhub-puller-token": "delete"},
            {"dockerhub.pullerToken": Secret("their-pullers-token")},
        ),
        Change(
            "dockerhub.server", ELSEWHERE, gone | built, {f"dockerhub.{key}": theirs[key] for key in ("pullerToken",)}
        ),
        Change(
            "dockerhub.caCertificate",
            "ca.pem",
            gone | built,
            {f"dockerhub.{key}": each for key, each in theirs.items()},
        ),
    ]


def docker_hub() -> Blocks:
    """An account, and a repository that goes with the stack, so that nothing of it is left."""
    account = {"namespace": "vfarcic", "username": "vfarcic", "token": Secret("the-administrators-token")}
    return {"dockerhub": {**account, "keepData": False}}


BEGIN: dict[str, tuple[Callable[[], Blocks], Callable[[str], list[Change]]]] = {
    "embedded": (lambda: {"embedded": {"port": free_port()}}, embedded_changes),
    "dockerhub": (docker_hub, docker_hub_changes),
}
CASES = [
    Case(choice, build, begin, [*shared_changes(build), *changes(build)])
    for choice, (begin, changes) in BEGIN.items()
    for build in ("ko", "docker")
]
