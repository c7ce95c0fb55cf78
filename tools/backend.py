"""The state: in the checkout, unless the user has a backend of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools import state_files, state_restore
from tools.modes import make_private
from tools.packages import run
from tools.places import ROOT, cache, home, take
from tools.problem import about
from tools.progress import say

STATE = ROOT / ".pulumi"
PROJECT = "hero"
# Files are read as bytes here: what is written back has to be the user's, whatever ends their lines.
BACKEND = re.compile(rb"^backend:", re.MULTILINE)
SALT = re.compile(rb"^encryptionsalt: .*\n?", re.MULTILINE)
WORD = re.compile(rb"[\[\]{},]|[^\s\[\]{},]+")


def is_our_own() -> bool:
    """Whether nobody has named a backend: no variable, no `backend` in Pulumi.yaml, no `pulumi login`."""
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return False
    return not BACKEND.search((ROOT / "Pulumi.yaml").read_bytes()) and not _is_logged_in()


def _is_logged_in() -> bool:
    folder = os.environ.get("PULUMI_CREDENTIALS_PATH") or os.environ.get("PULUMI_HOME") or home() / ".pulumi"
    file = Path(folder) / "credentials.json"
    try:
        content = file.read_bytes()
        if not content.strip(b"\0"):
            # The user may be logged in to another backend, in which the stack exists already.
            raise state_files.cannot_read(file, state_files.why_not_json(content), "pulumi login BACKEND")
        return bool(json.loads(content)["current"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def own_environment() -> dict[str, str]:
    """What makes Pulumi keep its state here, with secrets under a passphrase that only this checkout has."""
    make_private(STATE)
    passphrase = STATE / "passphrase"
    if not passphrase.exists():
        with about(passphrase):
            _make_passphrase(passphrase)
    return {
        "PULUMI_BACKEND_URL": f"file://{quote(str(ROOT))}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
        # So that the salt may be taken out of the stack's file again: it is in the state too.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_HOME": os.environ.get("PULUMI_HOME") or str(cache() / "pulumi-home"),
    }


def _make_passphrase(passphrase: Path) -> None:
    """Whole from the first moment, and the same for two runs that start together."""
    with tempfile.NamedTemporaryFile("w", dir=STATE, encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, passphrase)


def ensure_stack(pulumi: Path, stack: str, environment: dict[str, str], *, select: bool) -> None:
    """Create the stack in our own state if there is a file for it and no state yet."""
    if is_known(stack) or not (ROOT / f"Pulumi.{stack}.yaml").exists():
        return
    verb = ["stack", "init", "--stack", stack, *([] if select else ["--no-select"])]
    run([str(pulumi), *verb, "--non-interactive"], f"the stack {stack} cannot be made", **environment)


def has_stacks() -> bool:
    """Whether our own state has any stack."""
    return any((STATE / "stacks" / PROJECT).glob("*.json"))


def is_known(stack: str) -> bool:
    """Whether our own backend has the stack."""
    return _state_of(stack).exists()


def _state_of(stack: str) -> Path:
    return STATE / "stacks" / PROJECT / f"{stack}.json"


@contextlib.contextmanager
def alone(stack: str) -> Generator[None]:
    """Wait until no other run of this checkout changes the stack, then keep others waiting."""
    file = STATE / f"{stack}.lock"
    with file.open("a+", encoding="utf-8") as lock:
        with about(file):
            # The file holds the process of whoever has the lock.
            take(
                lock,
                lambda: f"another run of stack {stack} is going on (process {_holder(file)}); waiting for it to end",
            )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        yield


def _holder(file: Path) -> str:
    """Return the process that the file names; a crash may have left anything in it."""
    found = file.read_bytes()
    return found.decode() if found.isdigit() else "unknown"


def is_destroyed(stack: str) -> bool:
    """Whether the state has nothing left; a `destroy` of only some resources leaves the rest."""
    return not latest(stack).get("resources")


def latest(stack: str) -> dict[str, Any]:
    """The state; empty where there is none, as after `destroy --remove`."""
    try:
        content = state_files.read(_state_of(stack))
    except FileNotFoundError:
        return {}
    reason = state_restore.why_not_state(content)
    if reason:
        hint = f"./pulumiw refresh --stack {stack}"
        raise state_files.cannot_read(_state_of(stack), reason, hint)
    return state_files.json_object(content)["checkpoint"].get("latest") or {}


@contextlib.contextmanager
def tidy_stack_files() -> Generator[None]:
    """Keep the stacks' files as the user has written them, so that `git status` stays clean.

    Pulumi writes its salt into a stack's file and sets all of it anew as it does so. What only Pulumi has changed is
    put back to the byte, before a run for one that was killed and after it. Where the file holds a secret the salt
    stays, since it belongs to it.
    """
    before = {file: _tidy(file, None) for file in _stack_files()}
    try:
        yield
    finally:
        for file in _stack_files():
            _tidy(file, before.get(file))


def _stack_files() -> list[Path]:
    return list(ROOT.glob("Pulumi.*.yaml"))


def _tidy(file: Path, before: bytes | None) -> bytes:
    """Returns what the file holds in the end."""
    found = file.read_bytes()
    if b"secure:" in found or not SALT.search(found):
        return found
    wanted = SALT.sub(b"", found)
    if before is not None and WORD.findall(before) == WORD.findall(wanted):
        wanted = before
    _replace(file.resolve(), wanted)
    return wanted


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all."""
    with about(file), tempfile.TemporaryDirectory(prefix=".tidy-", dir=file.parent) as folder:
        replaced = Path(folder) / file.name
        replaced.write_bytes(content)
        shutil.copymode(file, replaced)
        replaced.replace(file)


def mend_descriptions(folder: Path) -> None:
    """Take away what a run that was killed has written no more than half of.

    Beside each file of a state Pulumi keeps one with its type and its sum, writes that in place, and then reads neither
    of the two where it was cut short: `failed to load checkpoint: EOF`, from then on. Without it, it reads the file.
    """
    broken = [file for file in folder.rglob("*.attrs") if not _is_whole(file)]
    if broken:
        # Somebody may be writing it right now.
        time.sleep(state_files.SECONDS_TO_WRITE)
    for file in broken:
        if not _is_whole(file):
            file.unlink(missing_ok=True)


def _is_whole(file: Path) -> bool:
    try:
        content = state_files.read(file)
    except FileNotFoundError:
        return True
    # Beside texts, Pulumi reads a map of texts there.
    texts = [each for key, each in state_files.json_object(content).items() if key != "user.metadata"]
    return not state_files.why_not_json(content) and all(isinstance(each, str) for each in texts)


def lock_folder(stack: str) -> Path:
    """Where Pulumi keeps the locks of a stack."""
    return STATE / "locks" / "organization" / PROJECT / stack


def has_locks(stack: str) -> bool:
    """Whether an update has left a lock, or is under way."""
    return lock_folder(stack).is_dir() and any(lock_folder(stack).iterdir())


def release_dead_locks(stack: str) -> bool:
    """Remove the locks of runs that were killed on this machine; returns whether there were any."""
    dead = [lock for lock in lock_folder(stack).glob("*.json") if _is_dead(lock)]
    for lock in dead:
        lock.unlink(missing_ok=True)
        lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
    if dead:
        say(f"an earlier run of stack {stack} was cut short; this one goes on from where it stopped")
    return bool(dead)


def _is_dead(lock: Path) -> bool:
    try:
        holder = json.loads(lock.read_bytes())
        if holder["hostname"] != socket.gethostname():
            return False
        pid = int(holder["pid"])
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """Whether a process is only there until somebody asks how it ended, as after a kill of its parent with it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
