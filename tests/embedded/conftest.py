"""Checkouts for the tests of this tier: everything is real here, the CLI, the build, the push and the registry."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from benchmarks.lazy_start.programs import ensure_programs
from tests.checkout import Checkout, new_checkout
from tools.node.programs import Programs, why_not
from tools.rust import Uninstalled


@pytest.fixture
def checkout(tmp_path: Path) -> Generator[Checkout]:
    """A new checkout, nothing up yet."""
    with new_checkout(tmp_path) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """A checkout in which `make up` was typed once, for tests that only look."""
    with new_checkout(tmp_path_factory.mktemp("home")) as shared:
        shared.up()
        yield shared


@pytest.fixture(scope="session")
def programs() -> Programs:
    """All that is started, or a word why nothing can be."""
    reason = why_not()
    if reason and not os.environ.get("HERO_LAZY"):
        pytest.skip(reason)
    assert not reason
    try:
        return ensure_programs()
    except Uninstalled as refusal:
        # A cargo may be on PATH that has no toolchain behind it.
        if os.environ.get("HERO_LAZY"):
            raise
        pytest.skip(str(refusal))
