"""What a crash has left of Pulumi's files: repaired where nothing is lost, else said with a hint."""

import base64
import hashlib
import json
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import backend, passphrase, stack_files, state_files, state_restore
from tools.problem import Problem
from tools.state_restore import StackFiles
from tools.state_restore import stack_files as files_of

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "nul": lambda content: b"\0" * len(content),
    "another-type": lambda _: b"[]",
    "number": lambda _: b"5",
    "null": lambda _: b"null",
    "no-state": lambda _: b"{}",
    "latest-is-text": lambda _: b'{"version":3,"checkpoint":{"latest":"x"}}',
    "resources-are-text": lambda _: b'{"version":3,"checkpoint":{"latest":{"resources":"x"}}}',
    "resource-is-number": lambda _: b'{"version":3,"checkpoint":{"latest":{"resources":[5]}}}',
    "no-utf8": lambda _: b'{"a":"\xff"}',
}
EVERY_DAMAGE = pytest.mark.parametrize("damage", DAMAGES)
FIRST, SECOND, THIRD = (f"2026-11-30T10:0{minute}:00.5Z" for minute in (1, 2, 3))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a state of its own."""
    monkeypatch.setattr(backend, "ROOT", tmp_path)
    monkeypatch.setattr(backend, "STATE", tmp_path / ".pulumi")
    monkeypatch.setattr(state_files, "SECONDS_TO_WRITE", 0)
    (tmp_path / ".pulumi").mkdir()
    return tmp_path


@pytest.fixture
def files(checkout: Path) -> StackFiles:
    """The files of the stack dev, none of them written."""
    found = files_of(checkout / ".pulumi", "hero", "dev")
    for folder in (found.state.parent, found.backups, found.history):
        folder.mkdir(parents=True)
    return found


def state(time: str, **latest: Any) -> bytes:  # noqa: ANN401 - any JSON
    content = {"version": 3, "checkpoint": {"stack": "dev", "latest": {"manifest": {"time": time}, **latest}}}
    return json.dumps(content).encode()


def write_attributes(file: Path, content: bytes) -> None:
    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    file.with_name(f"{file.name}.attrs").write_text(json.dumps({"user.metadata": None, "md5": md5}))


PENDING = [{"type": "creating", "resource": {"urn": "urn:x", "type": "t"}}]


@EVERY_DAMAGE
def test_state_after_an_update_is_restored_from_its_history(files: StackFiles, damage: str) -> None:
    whole = state(SECOND)
    files.state.write_bytes(DAMAGES[damage](whole))
    files.before_last_write.write_bytes(state(FIRST, pending_operations=PENDING))
    (files.history / "dev-200.checkpoint.json").write_bytes(whole)
    (files.history / "dev-100.checkpoint.json").write_bytes(state(FIRST))
    (files.history / "dev-200.history.json").write_text("{}")
    assert state_restore.restore(files, "dev", was_interrupted=False) is False
    assert files.state.read_bytes() == whole
    (kept,) = files.state.parent.glob("dev.json.broken-*")
    assert kept.read_bytes() == DAMAGES[damage](whole)


@pytest.mark.parametrize("place", ["bak", "history", "backups"])
def test_copy_with_the_sum_of_the_state_is_restored(files: StackFiles, place: str) -> None:
    whole, other = state(FIRST), state(SECOND, resources=[{"urn": "urn:x", "type": "t"}])
    files.state.write_bytes(b"")
    write_attributes(files.state, whole)
    files.before_last_write.write_bytes(whole if place == "bak" else other)
    (files.history / "dev-200.checkpoint.json").write_bytes(whole if place == "history" else other)
    (files.backups / "dev.300.json").write_bytes(whole if place == "backups" else other)
    if place == "history":
        (files.backups / "dev.300.json").unlink()
    assert state_restore.restore(files, "dev", was_interrupted=False) is False
    assert files.state.read_bytes() == whole
    assert not files.state.with_name("dev.json.attrs").exists()


@EVERY_DAMAGE
def test_state_in_a_killed_update_is_restored_from_before_the_last_step(files: StackFiles, damage: str) -> None:
    before = state(SECOND)
    files.state.write_bytes(DAMAGES[damage](state(THIRD)))
    files.before_last_write.write_bytes(before)
    (files.history / "dev-100.checkpoint.json").write_bytes(state(SECOND))
    assert state_restore.restore(files, "dev", was_interrupted=True) is True
    assert files.state.read_bytes() == before


def test_pending_operations_tell_of_a_killed_update(files: StackFiles) -> None:
    files.state.write_bytes(b"")
    files.before_last_write.write_bytes(state(SECOND, pending_operations=PENDING))
    assert state_restore.restore(files, "dev", was_interrupted=False) is True
    assert files.state.read_bytes() == files.before_last_write.read_bytes()


def test_last_change_by_hand_is_not_lost_in_silence(files: StackFiles) -> None:
    files.state.write_bytes(b"")
    files.before_last_write.write_bytes(state(SECOND))
    (files.history / "dev-100.checkpoint.json").write_bytes(state(SECOND))
    with pytest.raises(Problem) as refused:
        state_restore.restore(files, "dev", was_interrupted=False)
    message, hint = str(refused.value).split("\nhint: ")
    assert message.startswith(f"cannot read {files.state}: it is empty; {files.before_last_write} is the newest copy")
    assert files.state.read_bytes() == b""
    ended = subprocess.run(["sh", "-c", hint.partition(" && ./pulumiw ")[0]], check=False)
    assert ended.returncode == 0
    assert files.state.read_bytes() == state(SECOND)
    assert "--stack dev" in hint


def test_hint_quotes_a_path_with_spaces(tmp_path: Path) -> None:
    found = files_of(tmp_path / "my checkout's $HOME" / ".pulumi", "hero", "dev")
    found.state.parent.mkdir(parents=True)
    found.state.write_bytes(b"")
    found.before_last_write.write_bytes(state(FIRST))
    with pytest.raises(Problem) as refused:
        state_restore.restore(found, "dev", was_interrupted=False)
    hint = str(refused.value).partition("\nhint: ")[2]
    assert str(found.before_last_write) in shlex.split(hint)


@pytest.mark.parametrize("damage", ["empty", "half", "nul"])
def test_no_copy_that_can_be_read(files: StackFiles, damage: str) -> None:
    for file in (files.state, files.before_last_write, files.history / "dev-100.checkpoint.json"):
        file.write_bytes(DAMAGES[damage](state(FIRST)))
    with pytest.raises(Problem, match="and no copy of it can be read\nhint: restore"):
        state_restore.restore(files, "dev", was_interrupted=True)


def test_state_that_no_update_has_written_is_a_new_stack(files: StackFiles, capsys: pytest.CaptureFixture[str]) -> None:
    files.state.write_bytes(b"")
    assert state_restore.restore(files, "dev", was_interrupted=False) is False
    assert not files.state.exists()
    assert "so the stack is new" in capsys.readouterr().err


@pytest.mark.parametrize("content", [state(FIRST), state(FIRST, resources=[], pending_operations=None)])
def test_state_that_can_be_read_is_left_alone(files: StackFiles, content: bytes) -> None:
    files.state.write_bytes(content)
    assert state_restore.restore(files, "dev", was_interrupted=True) is False
    assert files.state.read_bytes() == content


@EVERY_DAMAGE
def test_broken_state_is_no_traceback_where_it_is_only_read(files: StackFiles, damage: str) -> None:
    files.state.write_bytes(DAMAGES[damage](state(FIRST)))
    with pytest.raises(Problem, match=r"cannot read .*dev.json: it .*\nhint: ./pulumiw refresh --stack dev"):
        backend.latest("dev")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_unreadable_file_is_told_with_a_hint(files: StackFiles) -> None:
    files.state.write_bytes(state(FIRST))
    files.state.chmod(0)
    with pytest.raises(Problem, match=r"cannot read .*: Permission denied\nhint: sudo chown"):
        backend.latest("dev")


def test_directory_in_the_place_of_a_file_is_told_with_a_hint(files: StackFiles) -> None:
    files.state.mkdir()
    with pytest.raises(Problem, match=r"cannot read .*: it is a directory\nhint: mv "):
        state_restore.restore(files, "dev", was_interrupted=False)


# Locks


def dead_lock() -> bytes:
    return json.dumps({"pid": 2**22 + 1, "hostname": socket.gethostname(), "username": "user"}).encode()


@pytest.mark.parametrize("damage", ["empty", "half", "nul", "another-type", "number", "null", "no-state", "no-utf8"])
@pytest.mark.parametrize("name", ["one.json", "one.json.18ac2f.tmp"])
def test_broken_lock_is_removed(checkout: Path, damage: str, name: str) -> None:
    folder = backend.lock_folder("dev")
    folder.mkdir(parents=True)
    (folder / name).write_bytes(DAMAGES[damage](dead_lock()))
    (folder / f"{name}.attrs").write_text("{}")
    assert backend.has_locks("dev")
    state_files.remove_broken_locks(folder, checkout)
    assert not list(folder.iterdir())


def test_lock_of_another_machine_stays(checkout: Path) -> None:
    folder = backend.lock_folder("dev")
    folder.mkdir(parents=True)
    (folder / "one.json").write_text(json.dumps({"pid": 1, "hostname": "elsewhere"}))
    state_files.remove_broken_locks(folder, checkout)
    assert (folder / "one.json").exists()


def running_pulumi(checkout: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process with the name of Pulumi that works in the checkout."""
    (checkout / "pulumi").symlink_to("/bin/sleep")
    process = subprocess.Popen([checkout / "pulumi", "60"], cwd=checkout, env=environment)
    while Path(f"/proc/{process.pid}/comm").read_text() != "pulumi\n":
        time.sleep(0.001)
    return process


def test_broken_lock_of_a_running_pulumi_stays(checkout: Path) -> None:
    folder = backend.lock_folder("dev")
    folder.mkdir(parents=True)
    (folder / "one.json").write_text("")
    with running_pulumi(checkout) as running:
        with pytest.raises(Problem, match=rf"Pulumi \(process {running.pid}\) may be writing it"):
            state_files.remove_broken_locks(folder, checkout)
        running.kill()
    assert (folder / "one.json").exists()


def test_lock_of_a_running_pulumi_is_waited_for(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = backend.lock_folder("dev")
    folder.mkdir(parents=True)
    with running_pulumi(checkout) as running:
        (folder / "one.json").write_text(json.dumps({"pid": running.pid, "hostname": socket.gethostname()}))

        def end(_: float) -> None:
            running.kill()
            running.wait()

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(state_files.time, "sleep", end)
            state_files.wait_for_runs(folder, "dev")
    told = capsys.readouterr().err
    assert told == f"pulumiw: another run of stack dev is going on (process {running.pid}); waiting for it to end\n"


@pytest.mark.parametrize("stack", ["dev", "other"])
def test_pulumi_whose_wrapper_was_killed_is_waited_for(checkout: Path, stack: str) -> None:
    wrapper = subprocess.Popen(["sleep", "60"])
    wrapper.kill()
    wrapper.wait()
    waits: list[float] = []
    with running_pulumi(checkout, {"HERO_STARTED_BY": f"{wrapper.pid} {state_files.started_for(stack)}"}) as running:

        def end(seconds: float) -> None:
            waits.append(seconds)
            running.kill()
            running.wait()

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(state_files.time, "sleep", end)
            state_files.wait_for_runs(backend.lock_folder("dev"), "dev")
        running.kill()
    assert len(waits) == (1 if stack == "dev" else 0)


# What holds nothing that is needed


@pytest.mark.parametrize("content", [b"", b"vers", b"\0" * 11, b"[]", b"\xff"])
def test_broken_meta_is_removed(checkout: Path, content: bytes) -> None:
    file = checkout / ".pulumi" / "meta.yaml"
    file.write_bytes(content)
    state_files.remove_broken_meta(file)
    assert not file.exists()


def test_meta_that_can_be_read_stays(checkout: Path) -> None:
    file = checkout / ".pulumi" / "meta.yaml"
    file.write_text("version: 1\n")
    state_files.remove_broken_meta(file)
    assert file.exists()


@pytest.mark.parametrize("damage", ["empty", "half", "nul", "another-type"])
def test_broken_history_is_set_aside(files: StackFiles, damage: str) -> None:
    entry = files.history / "dev-100.history.json"
    entry.write_bytes(DAMAGES[damage](b'{"kind":"update"}'))
    (files.history / "dev-200.history.json").write_text('{"kind":"update"}')
    state_files.set_history_aside(files.history)
    left = sorted(file.name.partition(".broken")[0] for file in files.history.iterdir())
    assert left == ["dev-100.history.json", "dev-200.history.json"]
    assert not entry.exists()


@pytest.mark.parametrize("damage", ["empty", "half", "nul", "another-type", "no-utf8"])
def test_broken_selection_is_removed(tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "workspace.json"
    file.write_bytes(DAMAGES[damage](b'{"stack":"dev"}'))
    state_files.remove_broken_selection(file)
    assert not file.exists()
    assert "hint: ./pulumiw stack select NAME" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["empty", "half", "nul", "another-type", "no-utf8"])
def test_broken_selection_in_the_users_home_is_refused(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "my workspace.json"
    file.write_bytes(DAMAGES[damage](b'{"stack":"dev"}'))
    with pytest.raises(Problem, match=r"cannot read .*: it .*\nhint: rm '.*' && \./pulumiw stack select NAME"):
        state_files.check_selection(file)
    assert file.exists()


@pytest.mark.parametrize("content", [b"", b"\0\0\0"])
def test_broken_login_is_not_taken_for_none(checkout: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CREDENTIALS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(checkout))
    (checkout / "Pulumi.yaml").write_text("name: hero\n")
    (checkout / "credentials.json").write_bytes(content)
    with pytest.raises(Problem, match=r"cannot read .*credentials\.json: it .*\nhint: pulumi login BACKEND"):
        backend.is_our_own()


def test_only_old_temporary_files_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".tidy-old").mkdir()
    (tmp_path / ".tidy-old" / "file").touch()
    (tmp_path / "tmpabcdefgh").touch()
    (tmp_path / ".tidy-new").mkdir()
    for name in (".tidy-old", "tmpabcdefgh"):
        os.utime(tmp_path / name, (1, 1))
    state_files.remove_left_over(list(tmp_path.iterdir()))
    assert [file.name for file in tmp_path.iterdir()] == [".tidy-new"]


def test_attributes_of_another_type_are_removed(
    files: StackFiles, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend.state_files, "SECONDS_TO_WRITE", 0)
    for name, content in {"a": "[]", "b": '{"md5": 5}', "c": '{"user.metadata": null, "md5": "x"}', "d": "5"}.items():
        (files.state.parent / f"{name}.attrs").write_text(content)
    backend.mend_descriptions(checkout / ".pulumi")
    assert [file.name for file in files.state.parent.iterdir()] == ["c.attrs"]


# The passphrase and the stack's file


@pytest.mark.parametrize("damage", ["empty", "half", "nul"])
@pytest.mark.parametrize("broken", ["passphrase", "passphrase.copy"])
def test_passphrase_is_restored_from_its_copy(tmp_path: Path, damage: str, broken: str) -> None:
    whole = b"x" * 20 + b"y" * 23
    (tmp_path / "passphrase").write_bytes(whole)
    passphrase.keep_copy(tmp_path)
    assert (tmp_path / "passphrase.copy").stat().st_mode & 0o077 == 0
    (tmp_path / broken).write_bytes(DAMAGES[damage](whole))
    passphrase.repair(tmp_path, is_needed=True)
    passphrase.keep_copy(tmp_path)
    assert {(tmp_path / name).read_bytes() for name in ("passphrase", "passphrase.copy")} == {whole}
    assert (tmp_path / "passphrase").stat().st_mode & 0o077 in (0, 0o044)


def test_passphrase_that_is_missing_is_restored(tmp_path: Path) -> None:
    (tmp_path / "passphrase.copy").write_text("whole")
    passphrase.repair(tmp_path, is_needed=True)
    assert (tmp_path / "passphrase").read_text() == "whole"


def test_passphrase_of_the_user_is_kept(tmp_path: Path) -> None:
    (tmp_path / "passphrase.copy").write_text("first")
    (tmp_path / "passphrase").write_text("second")
    passphrase.repair(tmp_path, is_needed=True)
    passphrase.keep_copy(tmp_path)
    assert (tmp_path / "passphrase").read_text() == (tmp_path / "passphrase.copy").read_text() == "second"


def test_passphrase_without_a_copy(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("")
    with pytest.raises(Problem, match=r"cannot read .*passphrase: it is empty or broken\nhint: copy"):
        passphrase.repair(tmp_path, is_needed=True)
    passphrase.repair(tmp_path, is_needed=False)
    assert not (tmp_path / "passphrase").exists()


LINES = b"0123456789012345678\n" * 9
WHOLE = b"# mine\nconfig:\n  hero:registry: zot\n"


@pytest.mark.parametrize("content", [b"", WHOLE[:7], WHOLE[:20], b"\0" * len(WHOLE)])
def test_stack_file_is_restored_from_its_copy(checkout: Path, content: bytes) -> None:
    file = checkout / "Pulumi.dev.yaml"
    file.write_bytes(WHOLE)
    file.chmod(0o640)
    stack_files.keep_copy(file, checkout / ".pulumi")
    file.write_bytes(content)
    stack_files.repair(file, checkout / ".pulumi")
    assert file.read_bytes() == WHOLE
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in checkout.iterdir() if each.name.startswith((".Pulumi", "Pulumi"))] == [file.name]


@pytest.mark.parametrize("content", [b"config: {}\n", b"# mine\nconfig: {}\n", WHOLE + b"# more\n", LINES[:-20]])
def test_stack_file_that_the_user_has_changed_stays(checkout: Path, content: bytes) -> None:
    file = checkout / "Pulumi.dev.yaml"
    file.write_bytes(LINES if LINES.startswith(content) else WHOLE)
    stack_files.keep_copy(file, checkout / ".pulumi")
    file.write_bytes(content)
    stack_files.repair(file, checkout / ".pulumi")
    assert file.read_bytes() == content


def test_stack_file_with_nul_bytes_and_no_copy(checkout: Path) -> None:
    file = checkout / "Pulumi.dev.yaml"
    file.write_bytes(b"\0\0")
    with pytest.raises(Problem, match=r"cannot read .*: it holds NUL bytes\nhint: git checkout -- "):
        stack_files.repair(file, checkout / ".pulumi")


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"\xff\xfe", b"12x"])
def test_lock_of_the_checkout_may_hold_anything(checkout: Path, content: bytes) -> None:
    (checkout / ".pulumi" / "dev.lock").write_bytes(content)
    with backend.alone("dev"):
        assert (checkout / ".pulumi" / "dev.lock").read_text() == str(os.getpid())
