"""Houses for the scenarios, with stand-ins behind every plugin, or what `make genuine` finds in their place."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.engine.cases import write_sources
from tests.engine.house import House, new_house
from tests.engine.plugins import OURS, SDKS, genuine_plugins
from tools.go import build, ensure_go
from tools.packages import ensure_packages
from tools.places import ROOT
from tools.wrapper import PLUGIN

GENUINE = os.environ.get("HERO_GENUINE") == "1"


@pytest.fixture(scope="session")
def genuine() -> dict[str, Path]:
    """The real plugins that stand behind the scenarios; none unless they are asked for."""
    return everything_genuine() if GENUINE else {}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a stack that was just made, since to make one takes longer than to copy it."""
    house = new_house(tmp_path_factory.mktemp("template"), {})
    house.plugins.close()
    return house.path / ".pulumi"


@pytest.fixture
def house(tmp_path: Path, template: Path, genuine: dict[str, Path]) -> Generator[House]:
    """An empty stack."""
    made = new_house(tmp_path, genuine, template)
    write_sources(made)
    yield made
    made.plugins.close()


def everything_genuine() -> dict[str, Path]:
    """Our own plugin, and those of others that are installed."""
    ours = build(ensure_go(ensure_packages()), ROOT / "providers", ".", PLUGIN) / PLUGIN
    return {OURS: ours, **genuine_plugins(SDKS)}
