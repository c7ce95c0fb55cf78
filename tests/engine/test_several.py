"""Two choices beside each other, and one after another."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.house import House
from tests.engine.soak import LONG_RUN

ONE_OF_EACH = list({case.choice: case for case in CASES}.values())
# Each choice once before and once after another; `make soak` takes all pairs, and each choice beside itself too.
RING = list(itertools.pairwise([*ONE_OF_EACH, ONE_OF_EACH[0]]))
TOGETHER = list(itertools.combinations_with_replacement(ONE_OF_EACH, 2)) if LONG_RUN else RING
PAIRS = list(itertools.permutations(ONE_OF_EACH, 2)) if LONG_RUN else RING


@pytest.mark.parametrize(("first", "second"), TOGETHER, ids=str)
def test_two_stacks_side_by_side(
    house: House, move_in: Callable[[Case], dict[str, Any]], first: Case, second: Case
) -> None:
    move_in(first)
    other = house.neighbour("other")
    # Of its own, as the Hub has one repository of a name.
    config = second.config()
    other.configure({**config, "image": {**config["image"], "name": "another"}})
    other.up()
    assert house.up().changes == {}
    house.destroy()
    assert not house.state()
    assert other.up().changes == {}
    other.destroy()
    assert other.is_empty()


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=str)
def test_switched_by_destroying(house: House, move_in: Callable[[Case], dict[str, Any]], old: Case, new: Case) -> None:
    move_in(old)
    house.destroy()
    assert house.is_empty()
    house.configure(new.config())
    assert set(house.up().changes.values()) == {"create"}
    house.destroy()
    assert house.is_empty()
