"""What goes before what, where pods live from the Nydus snapshotter."""

import os
from typing import Any

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.changes.change import with_values
from tests.engine.faults import crash, refused
from tests.engine.house import House

pytestmark = pytest.mark.skipif(os.environ.get("HERO_GENUINE") == "1", reason="takes a snapshotter that is played")
(CASE,) = [case for case in CASES if str(case) == "embedded-ko"]
DEPARTURE = "hero-home:provider:Departure"
GUARD = "hero-home:provider:StorageGuard"


@pytest.fixture
def case() -> Case:
    """For the house."""
    return CASE


@pytest.fixture
def served(house: House, moved_in: dict[str, Any]) -> House:
    """A stack whose cluster has the snapshotter."""
    house.configure(with_values(moved_in, {"nydus.snapshotter": True}))
    house.up()
    return house


def test_pods_are_named_first_and_what_they_read_goes_last(served: House) -> None:
    served.destroy()
    deleted = [call.name for call in served.calls("Delete")]
    # What has waited for it has nothing to take away.
    nydus = [name for name in deleted if name.startswith("nydus-") and name != "nydus-readiness"]
    assert nydus[0] == "nydus-departure"
    assert deleted.index("nydus-snapshotter") < min(map(deleted.index, ("hero-image", "embedded-process")))
    assert served.is_empty()


@pytest.mark.parametrize(
    ("refusing", "deleted"),
    [(GUARD, set[str]()), (DEPARTURE, {"nydus-readiness", "storage-guard"})],
    ids=["guard", "drain"],
)
def test_as_long_as_pods_run_nothing_goes(served: House, refusing: str, deleted: set[str]) -> None:
    before = served.state().keys() - deleted
    served.when("Delete", refused("a pod still runs by the RuntimeClass hero-dev-nydus: team/hero"), refusing)
    assert "team/hero" in served.failing("destroy").text
    assert served.state().keys() == before
    assert not served.world.is_as_before()
    served.destroy()
    assert served.is_empty()


def test_what_nodes_were_told_before_a_wait_for_them_failed_is_taken_away_too(
    house: House, moved_in: dict[str, Any]
) -> None:
    house.configure(with_values(moved_in, {"nydus.snapshotter": True}))
    house.when("Create", refused("node-2 has no /dev/fuse"), name="nydus-readiness")
    assert "node-2" in house.failing("up").text
    house.destroy()
    deleted = [call.name for call in house.calls("Delete")]
    assert deleted.index("nydus-departure") < deleted.index("nydus-snapshotter")
    assert house.is_empty()


def test_without_the_word_it_goes_and_the_rest_stays(served: House, moved_in: dict[str, Any]) -> None:
    served.configure(moved_in)
    changes = served.up().changes
    assert changes.pop("storage-guard") == "update"
    assert set(changes.values()) == {"delete"}
    assert {name.partition("-")[0] for name in changes} == {"nydus"}
    assert served.up().changes == {}


@pytest.mark.parametrize("name", ["nydus-snapshotter", "nydus-runtime-class", "nydus-departure"])
def test_what_a_killed_run_has_made_is_taken_over(house: House, moved_in: dict[str, Any], name: str) -> None:
    house.configure(with_values(moved_in, {"nydus.snapshotter": True}))
    house.when("Create", crash("after"), name=name)
    assert house.run("up", "--yes", "--skip-preview").code < 0
    house.let_go()
    house.up()
    assert house.up().changes == {}
    house.destroy()
    assert house.is_empty()
