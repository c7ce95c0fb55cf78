"""Checkouts for the tests of this tier: everything is real here, the CLI, the build, the push and the registry."""

import os
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from benchmarks.lazy_start.programs import Programs, ensure_programs
from benchmarks.machines import APART
from tests.checkout import Checkout, new_checkout
from tools.rust import Uninstalled

# What calls them is built here, where they are not.
CALLED = ("unshare", "nsenter", "cc", "make", "perl", "cargo")


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


@pytest.fixture(scope="module")
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


def why_not() -> str:
    """What this machine lacks; nothing where it lacks nothing."""
    if os.geteuid() != 0:
        return "machines beside this one are for root to make"
    missing = [name for name in CALLED if shutil.which(name) is None]
    if missing:
        return f"machines beside this one need {', '.join(missing)} on PATH"
    if not Path("/dev/fuse").exists():
        return "lazy starts need /dev/fuse: modprobe fuse"
    tried = subprocess.run([*APART, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces for mounts and processes: {tried.stderr.strip()}" if tried.returncode else ""
