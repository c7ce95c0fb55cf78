"""Helm releases after a run that was killed, and after somebody has changed what they deployed."""

import json
from typing import Any

import pytest

from tests.engine.changes.harbor import harbor
from tests.engine.changes.zot import zot
from tests.engine.faults import crash_half_way
from tests.engine.house import House
from tests.engine.plays.helm import Record, record_of, store

RELEASE = "kubernetes:helm.sh/v3:Release"
IDENTITY = "hero-dev-harbor/harbor"


def config(**changed: object) -> dict[str, Any]:
    """A stack with Harbor."""
    blocks = harbor()
    return {"registry": "harbor", **blocks, "harbor": {**blocks["harbor"], **changed}}


def record(house: House, identity: str = IDENTITY) -> Record:
    found = record_of(house.world, identity)
    assert found
    return found


def kill_upgrade(house: House) -> None:
    fault = house.when("Update", crash_half_way(house.world), kind=RELEASE)
    assert house.run("up", "--yes", "--skip-preview").code < 0
    assert fault.struck
    assert record(house).revisions[-1].status == "pending-upgrade"


def test_upgrade_that_was_killed_is_really_deployed(house: House) -> None:
    house.configure(config())
    house.up()
    house.configure(config(metrics=True))
    kill_upgrade(house)
    assert "exporter" not in record(house).objects
    house.let_go()
    house.up()
    assert "exporter" in record(house).objects
    assert [each.status for each in record(house).revisions] == ["superseded", "deployed"]
    assert house.up().changes == {}
    # Helm refuses nothing from then on.
    house.configure(config())
    house.up()
    assert "exporter" not in record(house).objects
    house.destroy()
    assert house.is_empty()


def test_upgrade_that_was_killed_and_is_not_wanted_any_more(house: House) -> None:
    house.configure(config())
    house.up()
    before = record(house).objects
    house.configure(config(metrics=True))
    kill_upgrade(house)
    house.let_go()
    house.configure(config())
    house.up()
    assert record(house).objects == before
    assert not record(house).differs
    assert house.up().changes == {}


def test_pending_revision_that_no_run_knows_of(house: House) -> None:
    house.configure(config())
    house.up()
    found = record(house)
    for status in ("pending-upgrade", "pending-rollback"):
        found.revisions[-1].status = "deployed"
        pending = type(found.revisions[0])(9, status, {}, "1", {})
        store(house.world, IDENTITY, Record(found.namespace, [*found.revisions, pending], found.objects))
        assert house.preview().changes == {"harbor-answers": "update"}
        house.up()
        assert record(house).revisions == found.revisions
        assert house.up().changes == {}


@pytest.mark.parametrize("choice", ["harbor", "zot"])
@pytest.mark.parametrize("objects", [{}, {"workload": "scaled to 0"}], ids=["deleted", "changed"])
def test_object_of_a_release_that_was_changed(house: House, choice: str, objects: dict[str, str]) -> None:
    house.configure(config() if choice == "harbor" else {"registry": "zot", **zot()})
    house.up()
    identity, waits = f"hero-dev-{choice}/{choice}", "harbor-answers" if choice == "harbor" else "zot-readiness"
    before = record(house, identity)
    store(house.world, identity, Record(before.namespace, before.revisions, objects))
    assert house.preview().changes == {waits: "update"}
    house.refresh()
    assert json.loads(json.dumps(house.state()[waits]["outputs"]["drift"])) == ["workload is missing or was changed"]
    assert house.up().changes == {waits: "update"}
    assert record(house, identity) == before
    assert house.up().changes == {}


def test_install_that_was_killed(house: House) -> None:
    house.configure(config())
    house.when("Create", crash_half_way(house.world), kind=RELEASE)
    assert house.run("up", "--yes", "--skip-preview").code < 0
    assert record(house).revisions[-1].status == "pending-install"
    house.let_go()
    house.up()
    assert [each.status for each in record(house).revisions] == ["deployed"]
    assert house.up().changes == {}
    house.destroy()
    assert house.is_empty()
