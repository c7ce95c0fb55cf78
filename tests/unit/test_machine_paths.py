"""No file of the repository names a directory of the machine that wrote it."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.places import ROOT

# Directories that differ from machine to machine: homes, mounts, workspaces and temporary files.
TOPS = "work|root|home|Users|mnt|media|workspace|workspaces|builds|tmp|var/folders|var/tmp|private/tmp|private/var"
# A path begins where no other path or URL continues; a URL of the scheme `file` holds one.
MACHINE_PATH = re.compile(rf"(?:(?<![\w.~/$}}%*)\]])|(?<=file://))/(?:{TOPS})/[\w.@+-]+(?:/[\w.@+-]+)*")
WINDOWS_PATH = re.compile(r"\b[A-Za-z]:\\{1,2}Users\\{1,2}\w+")
# By file, without the leading slash.
ALLOWED = {
    # Inside the container that prepares a node for Nydus.
    "components/kubernetes/nydus/node.sh": {"tmp/complaint"},
}


def repository_files() -> list[str]:
    """List the files that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def machine_paths(text: str) -> Iterator[str]:
    """Yield each absolute path that only one machine has."""
    for pattern in (MACHINE_PATH, WINDOWS_PATH):
        yield from (found[0] for found in pattern.finditer(text))


def test_repository_names_no_directory_of_a_machine() -> None:
    found = {
        name: sorted(paths)
        for name in repository_files()
        if (paths := {path.lstrip("/") for path in machine_paths(content_of(name))} - ALLOWED.get(name, set()))
    }
    assert not found, f"use relative paths, or add the path to ALLOWED: {found}"


def test_repository_does_not_name_this_checkout_or_home() -> None:
    # A directory directly below the root, such as /app of a container, may stand in a document by chance.
    own = [str(path) for path in (ROOT, Path(os.path.expanduser("~"))) if len(path.parts) > 2]  # noqa: PTH111 - no error without a home
    assert not [(name, path) for name in repository_files() for path in own if path in content_of(name)]


def test_allowed_paths_exist() -> None:
    for name, paths in ALLOWED.items():
        assert {f"/{path}" for path in paths} <= {*machine_paths(content_of(name))}


@pytest.mark.parametrize("top", TOPS.split("|"))
@pytest.mark.parametrize("before", ["", "path: ", "'", "=", "(", ":-", "file://", "hero:"])
def test_machine_path_found(top: str, before: str) -> None:
    path = f"/{top}/someone/hero"
    assert list(machine_paths(f"{before}{path}")) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/home/assistant",
        "https://example.com/work/report",
        "/proc/1/root/sys",
        "$HOME/work/hero",
        "~/work/hero",
        "../../home/hero",
        "/work",
        "/home",
        "/usr/local/bin",
    ],
)
def test_other_path_accepted(text: str) -> None:
    assert not list(machine_paths(text))


def content_of(name: str) -> str:
    """Return a file's content; of binary files each byte as a character."""
    return (ROOT / name).read_bytes().decode("latin-1")
