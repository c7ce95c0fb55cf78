"""A stack that goes from one choice to another in place, with all that lives there."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.faults import SERVER_ERROR, crash, refused
from tests.engine.house import House
from tests.engine.test_life import GUARDING
from tests.engine.test_several import ONE_OF_EACH
from tests.engine.world import World

# Somebody else's tag.
THEIRS = {"theirs": f"sha256:{'7' * 64}"}
PAIRS = list(itertools.permutations(ONE_OF_EACH, 2))
BY_NAME = {str(case): case for case in CASES}
EMBEDDED, HUB, ZOT = (BY_NAME[f"{name}-ko"] for name in ("embedded", "dockerhub", "zot"))


def images(world: World, repository: str) -> dict[str, str]:
    """The digest that each tag of a repository names."""
    address, _, path = repository.partition("/")
    return world.registries[address].repositories[path]


def guarding(house: House) -> set[str]:
    """What else may refuse to be deleted because of the images in it, and so has the key that gives them up."""
    return {name for name, each in house.state().items() if each["type"] in GUARDING}


def furnished(house: House, config: dict[str, Any]) -> str:
    """The repository of a stack that is up, in which somebody else has pushed too."""
    house.configure(config)
    house.up()
    return visited(house)


def visited(house: House) -> str:
    """The repository, in which somebody else has pushed by now."""
    repository = house.outputs()["repository"]
    with house.world.changed():
        images(house.world, repository).update(THEIRS)
    return repository


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=str)
def test_everything_comes_along(house: House, move_in: Callable[[Case], dict[str, Any]], old: Case, new: Case) -> None:
    move_in(old)
    visited(house)
    digest, before = house.outputs()["digest"], len(house.world.calls)
    new_config = new.config()
    house.configure(new_config)
    house.up()
    told = house.outputs()
    assert told["registry"] == new.choice
    assert told["digest"] == digest
    if old.keeper != new.keeper:
        assert images(house.world, told["repository"]) == {**dict.fromkeys(told["tags"], digest), **THEIRS}
        done = [(call.method, call.name) for call in house.world.calls[before:] if call.method in ("Update", "Delete")]
        deletes = [place for place, (method, _) in enumerate(done) if method == "Delete"]
        assert deletes, "the old home goes"
        assert done.index(("Update", "home")) < deletes[0], "and not before everything is out"
    gone = old.homes - new.homes
    assert not [urn for each in house.state().values() if any(f"::{name}" in (urn := each["urn"]) for name in gone)]
    house.configure({**new_config, "switch": {"discard": True}})
    changes = house.up().changes
    assert changes == dict.fromkeys({"home", "storage-guard"} | (changes.keys() & guarding(house)), "update"), (
        "nothing else"
    )
    house.destroy()
    assert house.is_empty()


@pytest.mark.parametrize("happens", ["refused", "killed"])
def test_a_move_that_fails_leaves_the_old_home_as_it_is(house: House, happens: str) -> None:
    repository = furnished(house, EMBEDDED.config())
    lived, told, before = dict(images(house.world, repository)), house.outputs(), len(house.world.calls)
    house.configure(ZOT.config())
    fault = house.when("Update", refused(SERVER_ERROR) if happens == "refused" else crash("before"), name="home")
    house.failing("up")
    assert fault.struck
    assert images(house.world, repository) == lived
    assert not [call for call in house.world.calls[before:] if call.method == "Delete"]
    if happens == "killed":
        house.let_go()
    assert house.outputs() == told
    house.up()
    assert images(house.world, house.outputs()["repository"]) == lived
    assert repository.partition("/")[0] not in house.world.registries


def test_who_goes_back_after_a_failure_has_lost_nothing(house: House) -> None:
    config = EMBEDDED.config()
    repository = furnished(house, config)
    lived = dict(images(house.world, repository))
    house.configure(ZOT.config())
    house.when("Update", refused(SERVER_ERROR), name="home")
    house.failing("up")
    house.configure(config)
    house.up()
    assert images(house.world, repository) == lived
    assert not [name for name in house.state() if name.startswith("zot")]


@pytest.mark.parametrize("copied", ["current", "none"])
def test_what_is_nowhere_else_is_not_left_behind(house: House, copied: str) -> None:
    repository = furnished(house, EMBEDDED.config())
    house.configure({**ZOT.config(), "switch": {"copy": copied}})
    assert "nowhere else" in house.failing("up").text
    assert THEIRS.items() <= images(house.world, repository).items()
    house.configure({**ZOT.config(), "switch": {"copy": copied, "discard": True}})
    house.up()
    assert images(house.world, house.outputs()["repository"]).keys() == {"latest"}


def test_what_is_nowhere_else_is_not_destroyed(house: House) -> None:
    config = HUB.config()
    repository = furnished(house, config)
    assert "the stack has not pushed" in house.failing("destroy").text
    assert THEIRS.items() <= images(house.world, repository).items()
    house.configure({**config, "switch": {"discard": True}})
    house.up()
    house.destroy()
    assert house.is_empty()


def test_what_is_kept_may_be_left_behind(house: House) -> None:
    config = EMBEDDED.config()
    furnished(house, {**config, "embedded": {**config["embedded"], "keepData": True}})
    house.configure({**ZOT.config(), "switch": {"copy": "none"}})
    house.up()
    assert images(house.world, house.outputs()["repository"]).keys() == {"latest"}
