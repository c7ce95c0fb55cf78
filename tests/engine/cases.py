"""Every choice as the scenarios see it: a config to begin with, and what each key of config means for each resource.

A choice that joins the catalogue joins here, with a table in changes/; a test asks for every one of its keys.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.changes.change import Blocks, Change, with_values
from tests.engine.changes.docker_hub import docker_hub, docker_hub_changes
from tests.engine.changes.dragonfly import ORIGIN, dragonfly, dragonfly_changes
from tests.engine.changes.embedded import embedded, embedded_changes
from tests.engine.changes.harbor import harbor, harbor_changes
from tests.engine.changes.shared import ADMINISTRATORS, ELSEWHERE, WEBHOOK, shared_changes
from tests.engine.changes.zot import zot, zot_changes
from tests.engine.house import House
from tests.engine.world import Login, Registry, Thing

# Where `make genuine` finds what is real: for each choice, blocks of config that are laid over those of its case.
FILE = os.environ.get("HERO_GENUINE_CONFIG", "")
FOUND: dict[str, Blocks] = json.loads(Path(FILE).read_text()) if FILE else {}
IN_A_CLUSTER = ("harbor", "zot", "dragonfly")


@dataclass(frozen=True)
class Case:
    """A choice with one way to build the image."""

    choice: str
    build: str
    begin: Callable[[], Blocks]
    changes: list[Change]

    @property
    def homes(self) -> set[str]:
        """The choice, and what is behind it."""
        return {self.choice, ORIGIN} if self.choice == "dragonfly" else {self.choice}

    @property
    def keeper(self) -> str:
        """The one of them that keeps the image and its logins."""
        return ORIGIN if self.choice == "dragonfly" else self.choice

    @property
    def needs(self) -> set[str]:
        """What must be there for it where nothing is played."""
        needs = {"docker"} if self.build == "docker" else set[str]()
        if self.choice in IN_A_CLUSTER:
            needs |= {"kubernetes", "random", "tls"}
        if self.choice in (*IN_A_CLUSTER, "dockerhub") and self.choice not in FOUND:
            needs |= {f"{self.choice} in the file that HERO_GENUINE_CONFIG names"}
        return needs

    def __str__(self) -> str:
        """As pytest shows it."""
        return f"{self.choice}-{self.build}"

    def furnished(self) -> dict[str, Any]:
        """The same, with a form for Nydus, somebody to call, and a namespace to plant the puller's login in."""
        told = {"image.webhooks": [WEBHOOK], "image.nydus": True, "pullSecrets.namespaces": ["default"]}
        return with_values(self.config(), told)

    def config(self) -> dict[str, Any]:
        """The whole config of a stack that has made this choice."""
        blocks = self.begin()
        for block, found in FOUND.get(self.choice, {}).items():
            blocks[block] = {**blocks.get(block, {}), **found}
        image = {"build": self.build, **blocks.pop("image", {})}
        return {"registry": self.choice, "image": image, **blocks}


def furnish(house: House) -> None:
    """What the changed keys point at: files, and another registry with logins of its own."""
    (house.path / "kubeconfig").write_text("{}")
    (house.path / "other.md").write_text("# Another Hero\n")
    (house.path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    for chart in IN_A_CLUSTER:
        (house.path / "charts" / chart).mkdir(parents=True)
    logins = [Login("vfarcic", ADMINISTRATORS, may_push=True)]
    house.world.registries[ELSEWHERE] = Registry(logins)
    theirs = [Login(who, "their-pushers-token", may_push=True) for who in ("vfarcic", "ci")]
    house.world.registries["docker.io"] = Registry(theirs)
    certificate = {
        "metadata": {"namespace": "certificates", "name": "hero"},
        "data": {"tls.crt": "Yw==", "tls.key": "aw=="},
    }
    house.world.things["kubernetes:core/v1:Secret certificates/hero"] = Thing(
        "kubernetes:core/v1:Secret", "theirs", certificate
    )
    house.world.settle()
    # What any Docker engine can build without pulling anything.
    (house.path / "hero" / "Dockerfile").write_text("FROM scratch\nCOPY VERSION /\n")
    shutil.copytree(house.path / "hero", house.path / "other")
    (house.path / "other" / "VERSION").write_text("another")
    (house.path / "hero" / "Other.Dockerfile").write_text("FROM scratch\nCOPY main.go /\n")


BEGIN: dict[str, tuple[Callable[[], Blocks], Callable[[str], list[Change]]]] = {
    "embedded": (embedded, embedded_changes),
    "dockerhub": (docker_hub, docker_hub_changes),
    "harbor": (harbor, harbor_changes),
    "zot": (zot, zot_changes),
    "dragonfly": (dragonfly, dragonfly_changes),
}


def _changes(own: list[Change], build: str) -> list[Change]:
    """Those of a choice, and those of all choices that mean nothing else with this one."""
    keys = {change.key for change in own}
    return [*(change for change in shared_changes(build) if change.key not in keys), *own]


CASES = [
    Case(choice, build, begin, _changes(changes(build), build))
    for choice, (begin, changes) in BEGIN.items()
    for build in ("ko", "docker")
]
