"""`make` alone changes nothing, and `make down` asks a person but no script."""

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.programs import script
from tools.places import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z0-9-]*):.*## (.+)$", MAKEFILE, re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a directory with the Makefile and a wrapper that only writes down its arguments."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    script(tmp_path / "pulumiw", f'echo "$*" >>{tmp_path}/arguments')
    return tmp_path


def environment() -> dict[str, str]:
    """Return this environment without what a `make` around the tests has set."""
    return {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "STACK")
    }


def test_make_without_target_lists_the_targets(project: Path) -> None:
    listed = subprocess.run(["make"], cwd=project, env=environment(), capture_output=True, text=True, check=True).stdout
    assert [tuple(line.removeprefix("make ").split(maxsplit=1)) for line in listed.splitlines()] == TARGETS
    assert not (project / "arguments").exists()


def test_every_target_has_a_description() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(name for name, _ in TARGETS)


def test_make_down_without_a_terminal_does_not_ask(project: Path) -> None:
    command = ["make", "down", "STACK=x"]
    subprocess.run(command, cwd=project, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert (project / "arguments").read_text() == "destroy --stack x --yes\n"


def test_make_down_on_a_terminal_leaves_the_question_to_pulumi(project: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            ["make", "down"],
            cwd=project,
            env=environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            check=True,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (project / "arguments").read_text() == "destroy --stack dev\n"
