"""The lock, its export and the pins agree."""

import subprocess
import tomllib
from pathlib import Path

from tools.cli import VERSION

ROOT = Path(__file__).resolve().parents[2]


def test_requirements_are_the_export_of_the_lock() -> None:
    command = ["uv", "export", "--locked", "--no-dev", "--no-emit-project", "--quiet", "--offline"]
    exported = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    requirements = (ROOT / "requirements.txt").read_text()
    assert _without_comments(requirements) == _without_comments(exported)


def test_the_cli_is_of_the_same_version_as_the_sdk() -> None:
    assert f"pulumi=={VERSION} " in (ROOT / "requirements.txt").read_text()


def test_the_examples_are_of_the_same_version() -> None:
    """Renovate cannot move Go's, whose module names a folder that `pulumi package add` writes."""
    assert f'"@pulumi/pulumi": "{VERSION}"' in (ROOT / "examples/typescript/package.json").read_text()
    assert f"github.com/pulumi/pulumi/sdk/v3 v{VERSION}\n" in (ROOT / "examples/go/go.mod").read_text()


def _without_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


def test_types_are_checked_for_the_oldest_python_that_is_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert project["tool"]["pyright"]["pythonVersion"] == oldest
    assert project["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
