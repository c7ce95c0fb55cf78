"""The stack that ./pulumiw finds is the one that the real Pulumi takes."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import stack_selection
from tools.pulumi_arguments import read_arguments
from tools.wrapper import prepare

STACKS = ("dev", "mine", "prod")
SPELLINGS = (
    "",
    "--stack prod",
    "--stack=prod",
    "-s prod",
    "-sprod",
    "-s=prod",
    "-is prod",
    "-iusprod",
    "-s dev -s prod",
    "-s organization/hero/prod",
    "--stack organization/prod",
    "--show-secrets -s prod",
    "--color never -s prod",
    "--cwd hero -sprod",
    "-C hero",
    "-Chero/pkg",
    "-C ../other",
    "-e -Q=false -s prod",
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user with a backend, and two projects in it, each with a stack selected."""
    folder = tmp_path_factory.mktemp("selection")
    (folder / "state").mkdir()
    for project in ("checkout", "other"):
        (folder / project / "hero" / "pkg").mkdir(parents=True)
        name = "hero" if project == "checkout" else project
        (folder / project / "Pulumi.yaml").write_text(f"name: {name}\nruntime: yaml\nresources: {{}}\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    made = {
        **kept,
        "PATH": prepare()[1]["PATH"],
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_CONFIG_PASSPHRASE": "passphrase",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    for project, selected in (("checkout", "mine"), ("other", "dev")):
        for stack in STACKS:
            pulumi(made, folder / project, "stack", "init", "--no-select", "--stack", stack)
        pulumi(made, folder / project, "stack", "select", selected)
    return {**made, "FOLDER": str(folder)}


def pulumi(environment: dict[str, str], folder: Path, *words: str) -> str:
    ended = subprocess.run(
        ["pulumi", *words, "--non-interactive"],
        cwd=folder,
        env={**environment, "PWD": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("variable", [None, "dev"])
def test_selection_is_that_of_pulumi(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, spelling: str, variable: str | None
) -> None:
    checkout = Path(environment["FOLDER"]) / "checkout"
    monkeypatch.setattr(stack_selection, "ROOT", checkout)
    words = ["stack", "--show-name", *spelling.split()]
    asked = environment if variable is None else {**environment, "PULUMI_STACK": variable}
    found = stack_selection.select(read_arguments(words), {**asked, "PWD": str(checkout)})
    assert found.stack == pulumi(asked, checkout, *words)
    assert found.project == ("other" if "../other" in spelling else "hero")
