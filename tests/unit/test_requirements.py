"""The program runs with the packages of requirements.txt and no others."""

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.packages import ensure_uv
from tools.places import ROOT

# The directories whose modules run while a stack is previewed or deployed; `make` runs those of tools.
RUNTIME = ("__main__.py", "components", "package", "policies", "providers", "tools")
IMPORT_ALL = """
import importlib, json, sys
sys.path.insert(0, ".")
failures = []
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        failures.append(f"{name}: {error}")
print("\\n".join(failures))
"""


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a virtual environment that has the packages of requirements.txt alone."""
    directory = tmp_path_factory.mktemp("requirements") / "venv"
    uv = str(ensure_uv())
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    install = ["pip", "install", "--require-hashes", "--requirement", str(ROOT / "requirements.txt")]
    for arguments in (["venv", str(directory)], [*install, "--python", str(directory / "bin" / "python")]):
        subprocess.run([uv, *arguments, "--quiet"], env=environment, check=True, timeout=900)
    return directory / "bin" / "python"


def test_requirements_cover_every_import(interpreter: Path) -> None:
    imported = sorted({name for file in runtime_files() for name in imports_of(file)})
    assert {"pulumiverse_harbor", "pulumi_docker", "components.registries.harbor.rules"} <= set(imported)
    assert failed_imports(interpreter, imported) == ""


@pytest.mark.parametrize("package", ["pytest", "ruff"])
def test_requirements_exclude_development_packages(interpreter: Path, package: str) -> None:
    assert failed_imports(interpreter, [package]) == f"{package}: No module named '{package}'"


def runtime_files() -> Iterator[Path]:
    """Yield every Python file of the runtime directories."""
    for name in RUNTIME:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def imports_of(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports, also inside functions, and the file's own module."""
    module = file.relative_to(ROOT).with_suffix("")
    if module.name != "__main__":
        yield ".".join(module.parts).removesuffix(".__init__")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file} has a relative import"
            yield node.module


def failed_imports(interpreter: Path, modules: list[str]) -> str:
    """Import the modules with that Python and return the failures, one a line."""
    # No variable of this run may add a directory of packages.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(
        [interpreter, "-c", IMPORT_ALL],
        cwd=ROOT,
        env=environment,
        input=json.dumps(modules),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return ended.stdout.strip()
