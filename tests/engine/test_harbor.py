"""What is Harbor's own: rules that it refuses to make twice, and what is kept and taken over."""

import os
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.changes.change import with_values
from tests.engine.faults import crash
from tests.engine.house import House, Secret
from tests.engine.soak import LONG_RUN

pytestmark = pytest.mark.skipif(os.environ.get("HERO_GENUINE") == "1", reason="looks into a world that is played")
(CASE,) = [case for case in CASES if str(case) == "harbor-ko"]


@dataclass(frozen=True)
class Refused:
    """Something of which Harbor has no second one."""

    resource: str
    config: dict[str, Any]


# Not only by the machine itself, but from pods.
REACHED = "hero.10.0.0.1.nip.io"
USER = {"name": "vfarcic", "fullName": "Viktor", "email": "v@example.com", "password": Secret("Their-password-1")}
HUB = {"name": "hub", "kind": "docker-hub", "url": "https://hub.docker.com"}
CHAT = {"name": "chat", "address": "https://example.com/harbor"}
REFUSED = [
    Refused("harbor-hero-webhook-chat", {"harbor.project": {"webhooks": [CHAT]}}),
    Refused("harbor-label-stable", {"harbor.labels": [{"name": "stable"}]}),
    Refused("harbor-user-vfarcic", {"harbor.users": [USER]}),
    Refused("harbor-registry-hub", {"harbor.registries": [HUB]}),
]


@pytest.fixture
def case() -> Case:
    """For the house."""
    return CASE


@pytest.mark.parametrize("refused", REFUSED if LONG_RUN else REFUSED[:1], ids=lambda refused: refused.resource)
def test_what_a_killed_run_has_left_is_in_nobodys_way(house: House, moved_in: dict[str, Any], refused: Refused) -> None:
    house.configure(with_values(moved_in, refused.config))
    house.when("Create", crash("after"), name=refused.resource)
    assert house.run("up", "--yes", "--skip-preview").code < 0
    house.let_go()
    house.up()
    assert house.up().changes == {}
    house.destroy()
    assert house.is_empty()


def test_what_is_kept_is_taken_over_with_what_opens_it(house: House, moved_in: dict[str, Any]) -> None:
    kept = with_values(moved_in, {"harbor.keepData": True})
    house.configure(kept)
    house.up()
    before = house.world.named("harbor-kept").outputs["values"]
    project = house.world.named("harbor-project-hero").outputs["projectId"]
    house.destroy()
    assert not house.state()
    assert {thing.name for thing in house.world.things.values() if thing.name.startswith("harbor-")} == {
        "harbor-namespace",
        "harbor-kept",
        "harbor-images-claim",
        "harbor-database-claim",
        "harbor-queue-claim",
        "harbor-project-hero",
    }
    house.up()
    assert house.world.named("harbor-kept").outputs["values"] == before
    assert house.world.named("harbor-project-hero").outputs["projectId"] == project
    assert house.up().changes == {}
    house.configure(moved_in)
    house.up()
    house.destroy()
    assert house.is_empty()


def test_a_harbor_that_cannot_be_asked_is_destroyed_all_the_same(house: House, moved_in: dict[str, Any]) -> None:
    house.configure(moved_in)
    with house.world.changed():
        for registry in house.world.registries.values():
            if registry.namespace:
                registry.logins.clear()
    house.destroy()
    assert house.is_empty()


def test_a_dragonfly_before_it_is_told_of_what_anybody_pushes(house: House, moved_in: dict[str, Any]) -> None:
    alone = with_values(moved_in, {"harbor.domain": REACHED})
    behind = with_values(alone, {"registry": "dragonfly", "dragonfly": {"origin": "harbor"}})
    house.configure(behind)
    house.up()
    told = house.world.named("dragonfly-policy").outputs
    assert told["manager"] == f"http://dragonfly-manager.{told['name'].removeprefix('hero.')}.svc:8080"
    assert (told["project"], told["scope"]) == ("hero", "all_seed_peers")
    assert house.up().changes == {}
    house.configure(with_values(behind, {"dragonfly.rotate": "another"}))
    assert house.up().changes["dragonfly-policy"] == "update"
    account, policy = (house.world.named(f"dragonfly-{each}").outputs for each in ("account", "policy"))
    assert policy["token"] == account["token"] != told["token"]
    house.configure(with_values(behind, {"dragonfly.preheat": "nodes"}))
    house.up()
    assert house.world.named("dragonfly-policy").outputs["scope"] == "all_peers"
    house.configure(alone)
    assert house.up().changes["dragonfly-policy"] == "delete"
    house.configure(behind)
    house.up()
    house.configure(with_values(behind, {"dragonfly.preheat": "off"}))
    assert house.up().changes["dragonfly-policy"] == "delete"
    house.configure(behind)
    house.up()
    house.destroy()
    assert house.is_empty()


def test_what_is_kept_of_a_harbor_knows_no_dragonfly_that_is_gone(house: House, moved_in: dict[str, Any]) -> None:
    kept = with_values(moved_in, {"harbor.domain": REACHED, "harbor.keepData": True})
    house.configure(with_values(kept, {"registry": "dragonfly", "dragonfly": {"origin": "harbor"}}))
    house.up()
    assert house.world.named("dragonfly-policy")
    house.destroy()
    assert "dragonfly-policy" not in {thing.name for thing in house.world.things.values()}
