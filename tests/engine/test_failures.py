"""What is left when something goes wrong at any point, and whether the same command then goes on from there."""

import random
from typing import Any

import pytest

from tests.engine.cases import Case
from tests.engine.faults import (
    EXISTS_ALREADY,
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    UNREACHABLE,
    OnceEach,
    crash,
    dies,
    half_made,
    hangs,
    refused,
    slow,
)
from tests.engine.house import House
from tests.engine.soak import CRASHES, FIRST_SEED, IN_THE_LONG_RUN, LONG_RUN, TRUNCATED
from tests.engine.test_life import EVERY_CASE
from tests.engine.test_several import ONE_OF_EACH

EVERY_CHOICE = pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)

METHODS = {"create": "Create", "replace": "Create", "update": "Update", "delete": "Delete", "refresh": "Read"}
WORDS = {
    "the cluster is unreachable": UNREACHABLE,
    "the name exists already": EXISTS_ALREADY,
    "401": UNAUTHORIZED,
    "429": TOO_MANY_REQUESTS,
    "500": SERVER_ERROR,
}


@EVERY_CHOICE
def test_each_fails_once(house: House, case: Case) -> None:
    house.configure(case.furnished())
    for method, verb in (("Create", "up"), ("Delete", "destroy")):
        fault, told = OnceEach(method, refused(SERVER_ERROR)), SERVER_ERROR
        while told:
            before = set(fault.names)
            house.plugins.faults[:] = [fault]
            ran = house.run(verb, "--yes", "--skip-preview")
            told = SERVER_ERROR if ran.code else ""
            assert (SERVER_ERROR in ran.text) == (ran.code != 0) == (fault.names > before), ran.text
        assert fault.names == {call.name for call in house.calls(method)}
    assert house.is_empty()


@IN_THE_LONG_RUN
@EVERY_CHOICE
def test_failure_at_every_create(house: House, case: Case) -> None:
    house.configure(case.furnished())
    house.up()
    creates = len(house.calls("Create"))
    house.destroy()
    for nth in range(1, creates + 1):
        fault = house.when("Create", refused(SERVER_ERROR), nth=nth)
        assert SERVER_ERROR in house.failing("up").text
        assert fault.struck
        house.up()
        house.destroy()
        assert house.is_empty()


@IN_THE_LONG_RUN
@EVERY_CHOICE
def test_failure_at_every_delete(house: House, case: Case) -> None:
    house.configure(case.furnished())
    house.up()
    house.destroy()
    deletes = len(house.calls("Delete"))
    for nth in range(1, deletes + 1):
        house.up()
        fault = house.when("Delete", refused(SERVER_ERROR), nth=nth)
        assert SERVER_ERROR in house.failing("destroy").text
        assert fault.struck
        house.destroy()
        assert house.is_empty()


@pytest.mark.parametrize(
    ("case", "words"),
    [
        pytest.param(case, told, id=f"{case}-{name}")
        for choice, case in enumerate(ONE_OF_EACH)
        for place, (name, told) in enumerate(WORDS.items())
        # Else each of them by one choice.
        if LONG_RUN or place % len(ONE_OF_EACH) == choice
    ],
)
def test_what_the_service_says_is_told_once(house: House, case: Case, words: str) -> None:
    house.configure(case.config())
    house.when("Create", refused(words))
    told = house.failing("up").text
    assert told[told.index("Diagnostics:") :].count(words) == 1
    assert "Traceback" not in told


@EVERY_CHOICE
def test_a_plugin_that_dies(house: House, case: Case) -> None:
    house.configure(case.config())
    house.when("Create", dies)
    house.failing("up")
    house.up()
    house.destroy()
    assert house.is_empty()


@EVERY_CHOICE
def test_what_was_made_and_did_not_become_ready_is_kept(house: House, case: Case) -> None:
    house.configure(case.config())
    house.when("Create", half_made)
    assert "it did not become ready in time" in house.failing("up").text
    made = house.calls("Create")[0].name
    assert house.state()[made]["initErrors"]
    house.up()
    assert house.up().changes == {}
    house.destroy()
    assert house.is_empty()


@EVERY_CHOICE
def test_a_service_that_hangs_can_be_interrupted(house: House, case: Case) -> None:
    house.configure(case.config())
    house.when("Create", hangs)
    interrupted = house.run_and_interrupt("up", "--yes", "--skip-preview")
    assert interrupted.code != 0
    house.up()
    house.destroy()
    assert house.is_empty()


@EVERY_CHOICE
def test_a_service_that_is_slow_is_waited_for(house: House, case: Case) -> None:
    house.configure(case.config())
    house.when("Create", slow(2))
    house.up()
    assert house.up().changes == {}


@EVERY_CASE
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + CRASHES))
def test_crash_of_the_engine_anywhere(house: House, case: Case, moved_in: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be had again, not to be secret
    made = {name: each for name, each in house.state().items() if each["custom"] and "pulumi:" not in each["type"]}
    verb = chance.choice(("first up", "up", "up", "refresh", "destroy"))
    operations = dict.fromkeys(made, {"first up": "create", "refresh": "refresh", "destroy": "delete"}.get(verb, ""))
    if verb == "first up":
        house.configure(moved_in)
        house.destroy()
    if verb == "up":
        possible = [each for each in case.changes if asked_for(each.expected, made) and not each.beside]
        change = chance.choice([each for each in possible if not house.lacks(each.needs)])
        house.configure(change.apply(moved_in))
        operations = change.expected
    else:
        house.configure(moved_in)
    name, operation = chance.choice(asked_for(operations, made))
    fault = house.when(METHODS[operation], crash(chance.choice(("before", "after"))), name=name)
    killed = house.run(verb.rpartition(" ")[2], "--yes", "--skip-preview")
    assert fault.struck
    assert killed.code < 0
    house.let_go()
    house.up()
    assert house.preview().changes == {}
    if verb == "up":
        house.configure(moved_in)
        house.up()
    house.destroy()
    assert house.is_empty()


@EVERY_CHOICE
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + TRUNCATED))
def test_truncation_of_what_a_crash_leaves(house: House, case: Case, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be had again, not to be secret
    house.configure(case.furnished())
    if chance.choice((True, False)):
        house.up()
    made = len(house.calls("Create"))
    fault = house.when(
        "Delete" if made else "Create", crash(chance.choice(("before", "after"))), nth=chance.randrange(1, 6)
    )
    killed = house.run("destroy" if made else "up", "--yes", "--skip-preview")
    assert fault.struck == (killed.code < 0)
    house.truncate(chance)
    house.let_go()
    house.up()
    assert house.preview().changes == {}
    house.destroy()
    assert house.is_empty()


def asked_for(operations: dict[str, str], made: dict[str, Any]) -> list[tuple[str, str]]:
    """Those for which a plugin is asked: what goes with another, and what docker built, the engine only forgets."""
    forgotten = {name for name, each in made.items() if "deletedWith" in each or name == "hero-build"}
    return [(name, each) for name, each in sorted(operations.items()) if each != "delete" or name not in forgotten]
