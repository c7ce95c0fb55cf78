"""What other local users may not change, whatever the umask is."""

import os
import stat
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tools import backend, modes, places, wrapper


@pytest.fixture(autouse=True)
def loose_umask() -> Generator[None]:
    """Let everything be created for all to write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_umask_loose_is_restricted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapper, "end_tidily_when_told_to", lambda: None)
    monkeypatch.setattr(wrapper, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    command = ["sh", "-c", "umask > umask; mkdir made; touch made/file"]
    assert wrapper.plainly(lambda: subprocess.run(command, check=False).returncode) == 0
    assert (tmp_path / "umask").read_text() == "0022\n"
    assert (mode_of(tmp_path / "made"), mode_of(tmp_path / "made" / "file")) == (0o755, 0o644)


def test_umask_strict_stays() -> None:
    os.umask(0o077)
    modes.restrict_umask()
    assert os.umask(0) == 0o077


@pytest.mark.parametrize("exists", [False, True])
def test_state_directory_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exists: bool) -> None:
    monkeypatch.setattr(backend, "ROOT", tmp_path)
    monkeypatch.setattr(backend, "STATE", tmp_path / ".pulumi")
    monkeypatch.setenv("HOME", str(tmp_path))
    if exists:
        (tmp_path / ".pulumi").mkdir()
        assert mode_of(tmp_path / ".pulumi") == 0o777
    backend.own_environment()
    assert mode_of(tmp_path / ".pulumi") == 0o700


@pytest.mark.parametrize("exists", [False, True])
def test_cache_is_not_writable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exists: bool) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if exists:
        (tmp_path / "hero").mkdir()
    assert not mode_of(places.cache()) & modes.WRITABLE_BY_OTHERS


def test_made_folder_is_not_writable_by_others(tmp_path: Path) -> None:
    with places.newly_made(tmp_path / "plugin-0123456789abcdef") as unfinished:
        assert not mode_of(unfinished) & modes.WRITABLE_BY_OTHERS


def test_mode_of_another_users_file_stays(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(tmp_path, 65534, 65534)
    tmp_path.chmod(0o777)
    modes.make_unwritable(tmp_path)
    assert mode_of(tmp_path) == 0o777
