"""A machine for the tests of the wrapper: an empty cache, a PATH with next to nothing on it, a small Go module."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from tools import go, packages

SHELL = ("cat", "chmod", "mkdir", "printf", "sh", "sleep")


@pytest.fixture(scope="session")
def go_folder() -> Path:
    """Where this machine's Go is."""
    return go.ensure_go(packages.ensure_packages())


@pytest.fixture(scope="session")
def uv_folder() -> Path:
    """Where this machine's uv is."""
    return packages.ensure_packages()


@pytest.fixture(scope="session")
def go_cache(go_folder: Path) -> str:
    """What Go has compiled already, which a test need not compile again."""
    command = [go_folder / "go", "env", "GOCACHE"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go_cache: str) -> Path:
    """A cache of its own, empty; nor is the proxy of this machine any part of a test, or its user's Pulumi."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("PULUMI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GOCACHE", go_cache)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "hero"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with what a shell script needs and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in SHELL:
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A Go module of three packages that nobody has compiled before."""
    folder = tmp_path / "module"
    (folder / "one").mkdir(parents=True)
    (folder / "two").mkdir()
    (folder / "go.mod").write_text("module example.com/small\n\ngo 1.24\n")
    (folder / "go.sum").write_text("")
    unheard_of = secrets.randbelow(2**40)
    (folder / "one" / "one.go").write_text(f"package one\n\nconst Secret = {unheard_of}\n")
    (folder / "two" / "two.go").write_text(f"package two\n\nconst Secret = -{unheard_of}\n")
    (folder / "number.go").write_text("package main\n\nconst number = 7\n")
    (folder / "main.go").write_text(
        'package main\n\nimport (\n\t"example.com/small/one"\n\t"example.com/small/two"\n)\n\n'
        "func main() { println(number + one.Secret + two.Secret) }\n"
    )
    return folder
