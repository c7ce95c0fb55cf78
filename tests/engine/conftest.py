"""Houses for the scenarios, with stand-ins behind every plugin, or what `make genuine` finds in their place."""

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.engine.cases import Case, Change, furnish
from tests.engine.house import House, new_house
from tests.engine.plugins import OURS, SDKS, genuine_plugins
from tests.engine.warm_host import WarmHost
from tools.go import build, ensure_go
from tools.packages import ensure_packages
from tools.places import ROOT
from tools.wrapper import PLUGIN

# One whole life of each registry type, what is looked for in every file, and what is killed are as users have them.
SAVED_AT_EVERY_STEP = (
    "test_crash_of_the_engine_anywhere",
    "test_life",
    "test_no_password_of_any_of_them_is_in_clear",
    "test_no_secret_in_clear",
    "test_truncation_of_what_a_crash_leaves",
)
GENUINE = os.environ.get("HERO_GENUINE") == "1"


@pytest.fixture(scope="session")
def genuine() -> dict[str, Path]:
    """The real plugins that stand behind the scenarios; none unless they are asked for."""
    return everything_genuine() if GENUINE else {}


@pytest.fixture(scope="session")
def warm_host(tmp_path_factory: pytest.TempPathFactory) -> Generator[WarmHost]:
    """Spares each command the imports."""
    host = WarmHost(tmp_path_factory.mktemp("warm"))
    yield host
    host.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a stack that was just made, since to make one takes longer than to copy it."""
    house = new_house(tmp_path_factory.mktemp("template"), {})
    house.plugins.close()
    return house.path / ".pulumi"


@pytest.fixture
def house(
    request: pytest.FixtureRequest, tmp_path: Path, template: Path, genuine: dict[str, Path], warm_host: WarmHost
) -> Generator[House]:
    """An empty stack."""
    made = new_house(tmp_path, genuine, template, warm_host)
    made.saves_every_step = request.node.originalname in SAVED_AT_EVERY_STEP
    skip_what_is_not_here(request, made)
    furnish(made)
    yield made
    if genuine:
        made.leave_nothing()
    made.plugins.close()


@pytest.fixture(scope="session")
def first_houses() -> Generator[dict[str, tuple[House, dict[str, Any]]]]:
    """One house of each case in which Hero lives already, with its config, so that others can begin where it is."""
    houses: dict[str, tuple[House, dict[str, Any]]] = {}
    yield houses
    for made, _ in houses.values():
        made.plugins.close()


@pytest.fixture
def move_in(
    house: House,
    first_houses: dict[str, tuple[House, dict[str, Any]]],
    template: Path,
    warm_host: WarmHost,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Case], dict[str, Any]]:
    """Has Hero live in the house as a case begins, and gives the config."""

    def moved_in(case: Case) -> dict[str, Any]:
        if GENUINE:
            # What is real cannot be copied.
            config = case.config()
            house.configure(config)
            house.up()
            return config
        if str(case) not in first_houses:
            first = new_house(tmp_path_factory.mktemp("first"), {}, template, warm_host)
            furnish(first)
            first_houses[str(case)] = (first, case.config())
            first.configure(first_houses[str(case)][1])
            first.up()
        first, config = first_houses[str(case)]
        house.become(first)
        house.configure(config)
        return config

    return moved_in


@pytest.fixture
def moved_in(move_in: Callable[[Case], dict[str, Any]], case: Case) -> dict[str, Any]:
    """The config of the house, in which Hero lives already."""
    return move_in(case)


def skip_what_is_not_here(request: pytest.FixtureRequest, house: House) -> None:
    """Say plainly what cannot be run for real on this machine."""
    parameters = cast(
        "dict[str, object]", vars(request.node.callspec)["params"] if "callspec" in vars(request.node) else {}
    )
    needed = {need for each in parameters.values() if isinstance(each, Case | Change) for need in each.needs}
    if missing := house.lacks(needed):
        house.plugins.close()
        pytest.skip(f"not on this machine: {', '.join(sorted(missing))}")


def everything_genuine() -> dict[str, Path]:
    """Our own plugin, and those of others that are installed."""
    ours = build(ensure_go(ensure_packages()), ROOT / "providers", ".", PLUGIN) / PLUGIN
    return {OURS: ours, **genuine_plugins(SDKS)}
