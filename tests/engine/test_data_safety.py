"""A refusal to delete other users' images has deleted nothing of the stack, whatever the registry type."""

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.house import House
from tests.engine.test_several import ONE_OF_EACH
from tests.engine.test_switching import EMBEDDED, ZOT, visited

KEEPING = [case for case in ONE_OF_EACH if case.keeper == case.choice]


def with_pull_secret(case: Case) -> dict[str, object]:
    """A config whose stack has a pull secret, and whose registry is deleted with it."""
    config = {**case.config(), "pullSecrets": {"namespaces": ["default"]}}
    return {**config, case.keeper: {**config[case.keeper], "keepData": False}}


@pytest.mark.parametrize("case", KEEPING, ids=str)
def test_refused_down_has_deleted_nothing(house: House, case: Case) -> None:
    house.configure(with_pull_secret(case))
    house.up()
    visited(house)
    before, calls = house.state().keys(), len(house.calls("Delete"))
    refused = house.failing("destroy")
    assert "theirs" in refused.text
    assert "cannot delete the images" in refused.text
    assert house.state().keys() == before
    assert [call.name for call in house.calls("Delete")[calls:]] == ["storage-guard"]


def test_refused_move_has_deleted_nothing(house: House) -> None:
    house.configure(EMBEDDED.config())
    house.up()
    address = house.outputs()["address"]
    with house.world.changed():
        house.world.registries[address].repositories["team/other"] = {"v1": f"sha256:{'8' * 64}"}
    before, calls = set(house.state()), len(house.calls("Delete"))
    house.configure(ZOT.config())
    assert "team/other:v1" in house.failing("up").text
    assert before <= set(house.state())
    assert {call.name for call in house.calls("Delete")[calls:]} <= {"storage-guard"}
    house.configure({**ZOT.config(), "switch": {"discard": True}})
    house.up()
    assert address not in house.world.registries


def test_guard_is_deleted_first(house: House) -> None:
    assert KEEPING, CASES
    house.configure(with_pull_secret(KEEPING[0]))
    house.up()
    house.destroy()
    assert house.calls("Delete")[0].name == "storage-guard"
