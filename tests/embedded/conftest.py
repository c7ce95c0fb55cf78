"""Checkouts for the tests of this tier: everything is real here, the CLI, the build, the push and the registry."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.checkout import Checkout, new_checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Generator[Checkout]:
    """A new checkout, nothing up yet."""
    with new_checkout(tmp_path) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """A checkout in which `make up` was typed once, for tests that only look."""
    with new_checkout(tmp_path_factory.mktemp("home")) as shared:
        shared.up()
        yield shared
