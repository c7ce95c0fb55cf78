"""Select the tests of the quick form or those of the long form, and order them.

`--long skip` is the quick form, `--long only` the rest, `--long include` (the default) both.
"""

import math
from collections.abc import Iterable
from typing import cast

import pytest

from tests.running.durations import DURATIONS, Durations
from tests.running.long_form import reason_for
from tests.running.tiers import tier_of

# Seconds that a test is taken to need before it was ever measured.
EXPECTED_SECONDS = {"unit": 0.1, "integration": 5.0, "e2e": 10.0}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that selects the form."""
    parser.addoption(
        "--long",
        choices=("include", "skip", "only"),
        default="include",
        help="the tests of the long form (tests/running/long_form.py): include, skip or run only them",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the other form's tests and start the longest first, so that no worker is left with one at the end."""
    select(config, items)
    if config.getoption("numprocesses", default=None) or hasattr(config, "workerinput"):
        sort(items, config.stash[DURATIONS])


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that the option leaves out."""
    form = cast("str", config.getoption("long"))
    if form == "include":
        return
    selected = [item for item in items if (reason_for(item.nodeid) is not None) == (form == "only")]
    if deselected := _without(items, selected):
        config.hook.pytest_deselected(items=deselected)
        items[:] = selected


def sort(items: list[pytest.Item], durations: Durations) -> None:
    """Sort by duration, longest first; tests of about the same duration stay in random order."""
    items.sort(key=lambda item: magnitude(expected(item.nodeid, durations)), reverse=True)


def expected(nodeid: str, durations: Durations) -> float:
    """Return the seconds that a test took the last time, or that its tier's tests take."""
    return durations.get(nodeid, EXPECTED_SECONDS[tier_of(nodeid)])


def magnitude(seconds: float) -> int:
    """Return a number that grows by one as the seconds double."""
    return round(math.log2(max(seconds, 0.01)))


def _without(items: Iterable[pytest.Item], selected: Iterable[pytest.Item]) -> list[pytest.Item]:
    kept = set(selected)
    return [item for item in items if item not in kept]
