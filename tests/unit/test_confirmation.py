"""The typed confirmation of destroy, as the workflow itself checks it."""

import os
import subprocess

import pytest
import yaml

from tools.places import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "destroy.yml").read_text())
SCRIPT: str = WORKFLOW["jobs"]["confirm"]["steps"][0]["run"]


@pytest.mark.parametrize(
    ("stack", "typed", "goes_on"),
    [
        ("harbor", "destroy harbor", True),
        ("harbor", "harbor", False),
        ("harbor", "destroy zot", False),
        ("harbor", "", False),
        ("", "destroy ", False),
        ("a b", "destroy a b", False),
        ("$(id)", "destroy $(id)", False),
        ("dev;id", "destroy dev;id", False),
    ],
)
def test_it_goes_on_only_where_the_stack_was_typed(stack: str, typed: str, *, goes_on: bool) -> None:
    environment = {**os.environ, "STACK": stack, "CONFIRMATION": typed}
    ended = subprocess.run(["bash", "-e", "-c", SCRIPT], env=environment, capture_output=True, check=False)
    assert (ended.returncode == 0) is goes_on
