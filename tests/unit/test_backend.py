"""The state of a checkout: whose it is, and what is kept out of git."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tools import backend


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without a backend, for somebody who has none either."""
    monkeypatch.setattr(backend, "ROOT", tmp_path)
    monkeypatch.setattr(backend, "STATE", tmp_path / ".pulumi")
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_HOME", "PULUMI_CREDENTIALS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "Pulumi.yaml").write_text("name: hero\n")
    return tmp_path


def test_nobody_has_named_a_backend() -> None:
    assert backend.is_our_own()


@pytest.mark.parametrize("name", ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"])
def test_a_variable_names_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "s3://somewhere")
    assert not backend.is_our_own()


def test_the_project_names_one(checkout: Path) -> None:
    (checkout / "Pulumi.yaml").write_text("name: hero\nbackend:\n  url: s3://somewhere\n")
    assert not backend.is_our_own()


@pytest.mark.parametrize(
    ("content", "own"), [('{"current": "s3://x"}', False), ('{"current": ""}', True), ("{", True), ("[]", True)]
)
def test_a_login_names_one(checkout: Path, content: str, own: bool) -> None:  # noqa: FBT001 - a column
    (checkout / "home" / ".pulumi").mkdir(parents=True)
    (checkout / "home" / ".pulumi" / "credentials.json").write_text(content)
    assert backend.is_our_own() is own


def test_a_login_may_be_kept_elsewhere(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "credentials.json").write_text('{"current": "s3://x"}')
    monkeypatch.setenv("PULUMI_CREDENTIALS_PATH", str(checkout))
    assert not backend.is_our_own()
    monkeypatch.delenv("PULUMI_CREDENTIALS_PATH")
    monkeypatch.setenv("PULUMI_HOME", str(checkout))
    assert not backend.is_our_own()


def test_the_passphrase_is_made_once_and_for_the_owner_alone(checkout: Path) -> None:
    backend.own_environment()
    passphrase = checkout / ".pulumi" / "passphrase"
    first = passphrase.read_text()
    assert len(first) > 40
    assert passphrase.stat().st_mode & 0o077 == 0
    backend.own_environment()
    assert passphrase.read_text() == first
    assert [file.name for file in (checkout / ".pulumi").iterdir()] == ["passphrase"]


def test_runs_that_start_together_agree_on_the_passphrase(checkout: Path) -> None:
    read: list[str] = []

    def start() -> None:
        backend.own_environment()
        read.append((checkout / ".pulumi" / "passphrase").read_text())

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(read)) == 1
    assert read[0]


def test_the_salt_is_taken_out_and_the_rest_stays_to_the_byte(checkout: Path) -> None:
    (checkout / ".pulumi").mkdir()
    file = checkout / "Pulumi.dev.yaml"
    before = "# a comment\nconfig:\n  hero:registry:   embedded # another\n"
    file.write_text(f"encryptionsalt: v1:abc=:v1:def\n{before}")
    with backend.tidy_stack_files():
        pass
    assert file.read_text() == before


def test_the_salt_stays_with_a_secret(checkout: Path) -> None:
    text = "encryptionsalt: v1:abc\nconfig:\n  hero:dockerhub:\n    token:\n      secure: v1:xyz\n"
    (checkout / "Pulumi.dev.yaml").write_text(text)
    with backend.tidy_stack_files():
        pass
    assert (checkout / "Pulumi.dev.yaml").read_text() == text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_pulumi_alone_has_set_anew_is_put_back_to_the_byte(checkout: Path, end: str) -> None:
    file = checkout / "Pulumi.dev.yaml"
    before = end.join(
        ["# top", "", "", "config:", "    hero:registry:   embedded  # why", "    hero:tags: [a,b]"]
    ).encode()
    file.write_bytes(before)
    with backend.tidy_stack_files():
        file.write_text(
            "# top\n\nencryptionsalt: v1:abc\nconfig:\n  hero:registry: embedded # why\n  hero:tags: [a, b]\n"
        )
    assert file.read_bytes() == before


def test_what_the_user_has_set_stays_set(checkout: Path) -> None:
    file = checkout / "Pulumi.dev.yaml"
    file.write_text("config:\n  hero:registry:   embedded\n")
    with backend.tidy_stack_files():
        file.write_text("encryptionsalt: v1:abc\nconfig:\n  hero:registry: zot\n")
    assert file.read_text() == "config:\n  hero:registry: zot\n"


def test_a_link_and_its_mode_stay_and_nothing_is_left_beside_them(checkout: Path, tmp_path: Path) -> None:
    real = tmp_path / "home" / "mine.yaml"
    real.parent.mkdir()
    real.write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    real.chmod(0o640)
    (checkout / "Pulumi.dev.yaml").symlink_to(real)
    with backend.tidy_stack_files():
        pass
    assert (checkout / "Pulumi.dev.yaml").is_symlink()
    assert real.read_text() == "config: {}\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert list(checkout.glob(".tidy-*")) == []
    assert list(real.parent.iterdir()) == [real]


def test_a_path_that_is_no_url_is_made_one(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = checkout / "a b 100% #1? é"
    odd.mkdir()
    monkeypatch.setattr(backend, "ROOT", odd)
    url = backend.own_environment()["PULUMI_BACKEND_URL"]
    assert url == f"file://{checkout}/a%20b%20100%25%20%231%3F%20%C3%A9"


def test_a_stack_that_is_gone_is_destroyed(checkout: Path) -> None:
    assert backend.is_destroyed("dev")
    state = checkout / ".pulumi" / "stacks" / "hero" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{}]}}}))
    assert not backend.is_destroyed("dev")
    state.write_text(json.dumps({"checkpoint": {"latest": {}}}))
    assert backend.is_destroyed("dev")


@pytest.mark.parametrize(
    ("host", "process", "removed"),
    [
        (socket.gethostname(), "dead", True),
        (socket.gethostname(), "living", False),
        ("elsewhere", "dead", False),
    ],
)
def test_only_the_locks_of_the_dead_here_are_removed(
    checkout: Path,
    host: str,
    process: str,
    removed: bool,  # noqa: FBT001 - a column
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    folder = checkout / ".pulumi" / "locks" / "organization" / "hero" / "dev"
    folder.mkdir(parents=True)
    holder = {"pid": dead.pid if process == "dead" else os.getpid(), "hostname": host}
    (folder / "lock.json").write_text(json.dumps(holder))
    assert backend.release_dead_locks("dev") is removed
    assert (folder / "lock.json").exists() is not removed


def test_whoever_was_killed_and_is_only_not_yet_missed_is_dead(checkout: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as killed:
        killed.kill()
        # It stays there until somebody asks how it ended.
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        folder = checkout / ".pulumi" / "locks" / "organization" / "hero" / "dev"
        folder.mkdir(parents=True)
        (folder / "lock.json").write_text(json.dumps({"pid": killed.pid, "hostname": socket.gethostname()}))
        assert backend.release_dead_locks("dev")


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"hostname": socket.gethostname(), "pid": None})])
def test_a_lock_that_cannot_be_read_is_left_alone(checkout: Path, content: str) -> None:
    folder = checkout / ".pulumi" / "locks" / "organization" / "hero" / "dev"
    folder.mkdir(parents=True)
    (folder / "lock.json").write_text(content)
    assert not backend.release_dead_locks("dev")
    assert (folder / "lock.json").exists()


def test_the_second_waits_for_the_first_and_is_told_whom_it_waits_for(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / ".pulumi").mkdir()
    order: list[str] = []

    def second() -> None:
        with backend.alone("dev"):
            order.append("second")

    with backend.alone("dev"):
        thread = threading.Thread(target=second)
        thread.start()
        while "is going on" not in capsys.readouterr().err:
            time.sleep(0.01)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_another_stack_need_not_wait(checkout: Path) -> None:
    (checkout / ".pulumi").mkdir()
    with backend.alone("dev"), backend.alone("other"):
        pass


@pytest.mark.parametrize("half", ["", '{"user.cache_control":"","us'])
def test_what_a_killed_run_has_written_half_of_is_taken_away(checkout: Path, half: str) -> None:
    folder = checkout / ".pulumi" / "stacks" / "hero"
    folder.mkdir(parents=True)
    (folder / "dev.json").write_text("{}")
    (folder / "dev.json.attrs").write_text(half)
    (folder / "other.json.attrs").write_text('{"user.content_type":"application/json"}')
    backend.mend_descriptions(checkout / ".pulumi")
    assert sorted(file.name for file in folder.iterdir()) == ["dev.json", "other.json.attrs"]


def test_what_somebody_writes_at_this_moment_stays(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = checkout / ".pulumi" / "dev.json.attrs"
    file.parent.mkdir()
    file.write_text("")

    def write(_: float) -> None:
        file.write_text("{}")

    monkeypatch.setattr(time, "sleep", write)
    backend.mend_descriptions(checkout / ".pulumi")
    assert file.exists()


def test_the_description_of_a_dead_lock_goes_with_it(checkout: Path) -> None:
    locks = checkout / ".pulumi" / "locks" / "organization" / "hero" / "dev"
    locks.mkdir(parents=True)
    (locks / "one.json").write_text(json.dumps({"hostname": socket.gethostname(), "pid": 2**22 + 1}))
    (locks / "one.json.attrs").write_text("{}")
    assert backend.release_dead_locks("dev")
    assert not list(locks.iterdir())
