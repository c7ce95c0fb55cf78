"""`.ci/isolate` runs a command as on a new machine: nothing of this one is in sight but the system."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.programs import script
from tools.places import ROOT

NOTHING_HIDDEN = "this machine allows no mount namespace, so nothing of it is hidden"


@dataclass(frozen=True)
class Machine:
    """A home, a checkout with a commit and another checkout beside it."""

    home: Path
    checkout: Path
    other: Path

    def isolated(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command by `.ci/isolate` of the checkout."""
        given = {**os.environ, "HOME": str(self.home), **environment}
        isolate = [str(self.checkout / ".ci" / "isolate"), "sh", "-c", command]
        return subprocess.run(isolate, env=given, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Make one below the test's own directory."""
    made = Machine(tmp_path / "home", tmp_path / "work" / "hero", tmp_path / "work" / "other")
    for directory in (made.home / ".cache", made.checkout / ".ci", made.other):
        directory.mkdir(parents=True)
    for directory in (made.home, made.other, made.home / ".cache"):
        (directory / "file").write_text("of this machine")
    shutil.copy(ROOT / ".ci" / "isolate", made.checkout / ".ci" / "isolate")
    (made.checkout / "committed").write_text("yes")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for words in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message", "start"]):
        subprocess.run(["git", *words], cwd=made.checkout, check=True)
    (made.checkout / "not-committed").write_text("yes")
    return made


def test_isolate_runs_in_a_clean_clone(machine: Machine) -> None:
    ended = machine.isolated("ls -A . && git status --porcelain && pwd")
    *files, directory = ended.stdout.split()
    assert set(files) == {".ci", ".git", "committed"}
    assert directory != str(machine.checkout)
    assert "changes that are not committed are left out" in ended.stderr


def test_isolate_hides_home_checkouts_and_temporary_files(machine: Machine) -> None:
    seen = " ".join(f"'{path}'" for path in (machine.home / "file", machine.other / "file", machine.checkout / ".ci"))
    ended = machine.isolated(f'ls {seen} "$HOME/file"; ls -A "$HOME" "$HOME/.cache" /tmp /root /home')
    if NOTHING_HIDDEN in ended.stderr:
        pytest.skip("no mount namespace on this machine")
    assert "of this machine" not in ended.stdout
    assert ended.stderr.count("No such file") == 4
    assert "file" not in ended.stdout.split()


def test_isolate_gives_an_empty_home_and_the_system_path(machine: Machine) -> None:
    ended = machine.isolated("env", DOCKER_AUTH="x", http_proxy="http://proxy.example:3128", VIRTUAL_ENV="x")
    given = dict(line.split("=", 1) for line in ended.stdout.splitlines() if "=" in line)
    assert given["PATH"].split(":")[-1] == "/bin"
    assert str(machine.home) not in ended.stdout
    assert given["http_proxy"] == "http://proxy.example:3128"
    assert not {"DOCKER_AUTH", "VIRTUAL_ENV"} & set(given)


@pytest.mark.parametrize("code", [0, 7])
def test_isolate_ends_with_the_command_and_leaves_nothing(machine: Machine, tmp_path: Path, code: int) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = f'mkdir -p "$HOME/a" && touch "$HOME/a/b" && chmod 500 "$HOME/a"; exit {code}'
    assert machine.isolated(command, TMPDIR=str(scratch)).returncode == code
    assert list(scratch.iterdir()) == []


def test_isolate_keeps_the_cache(machine: Machine) -> None:
    cache = {"CACHE": str(machine.home / ".cache")}
    assert machine.isolated('cat "$HOME/.cache/file"; touch "$HOME/.cache/new"', **cache).stdout == "of this machine"
    assert (machine.home / ".cache" / "new").exists()


def test_isolate_without_namespaces_says_so_and_runs(machine: Machine, tmp_path: Path) -> None:
    script(tmp_path / "bin" / "unshare", "exit 1")
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    cache = str(machine.home / ".cache")
    ended = machine.isolated('ls -A && cat "$HOME/.cache/file"; exit 7', PATH=path, CACHE=cache)
    assert NOTHING_HIDDEN in ended.stderr
    assert ended.stdout.split()[:3] == [".ci", ".git", "committed"]
    assert "of this machine" in ended.stdout
    assert ended.returncode == 7


def test_isolate_without_a_command_tells_its_usage(machine: Machine) -> None:
    isolate = str(machine.checkout / ".ci" / "isolate")
    ended = subprocess.run([isolate], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ".ci/isolate COMMAND..." in ended.stderr


def test_ci_runs_isolated_with_the_oldest_python() -> None:
    promised = re.search(r'^requires-python = ">=([\d.]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert promised
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == ".ci/isolate make lint test test-rest"
    assert f"export UV_PYTHON=${{UV_PYTHON:-{promised[1]}}}" in lines
