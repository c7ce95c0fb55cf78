"""The state: in the checkout, unless the user has a backend of their own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path

from tools.packages import run
from tools.places import ROOT, cache
from tools.progress import say

STATE = ROOT / ".pulumi"
PROJECT = "hero"
SALT = re.compile(r"^encryptionsalt: .*\n?", re.MULTILINE)


def is_our_own() -> bool:
    """Whether nobody has named a backend: no variable, no `backend` in Pulumi.yaml, no `pulumi login`."""
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return False
    if re.search(r"^backend:", (ROOT / "Pulumi.yaml").read_text(), re.MULTILINE):
        return False
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    with contextlib.suppress(OSError, ValueError):
        return not json.loads((home / "credentials.json").read_text()).get("current")
    return True


def own_environment() -> dict[str, str]:
    """What makes Pulumi keep its state here, with secrets under a passphrase that only this checkout has."""
    STATE.mkdir(exist_ok=True)
    passphrase = STATE / "passphrase"
    if not passphrase.exists():
        _make_passphrase(passphrase)
    return {
        "PULUMI_BACKEND_URL": f"file://{ROOT}",
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


def ensure_stack(pulumi: Path, stack: str, environment: dict[str, str], *, own: bool) -> None:
    """Make the stack if there is a file for it and no state yet."""
    if not (ROOT / f"Pulumi.{stack}.yaml").exists():
        return
    if own and (STATE / "stacks" / PROJECT / f"{stack}.json").exists():
        return
    verb = ["stack", "init", "--stack", stack] if own else ["stack", "select", "--create", stack]
    run([str(pulumi), *verb, "--non-interactive"], f"the stack {stack} cannot be made", **environment)


@contextlib.contextmanager
def alone(stack: str) -> Generator[None]:
    """Wait until no other run of this checkout changes the stack, then keep others waiting."""
    with (STATE / f"{stack}.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"another run of stack {stack} is going on (process {lock.read()}); waiting for it to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def is_destroyed(stack: str) -> bool:
    """Whether the state has nothing left; a `destroy` of only some resources leaves the rest."""
    state = json.loads((STATE / "stacks" / PROJECT / f"{stack}.json").read_text())
    return not state["checkpoint"]["latest"].get("resources")


def tidy_stack_files() -> None:
    """Take out the salt that Pulumi writes into a stack's file, so that `git status` stays clean.

    Where the file holds a secret the salt stays, since it belongs to it.
    """
    for file in ROOT.glob("Pulumi.*.yaml"):
        text = file.read_text()
        if SALT.search(text) and "secure:" not in text:
            replaced = file.with_suffix(".new")
            replaced.write_text(SALT.sub("", text))
            replaced.replace(file)


def release_dead_locks(stack: str) -> bool:
    """Remove the locks of runs that were killed on this machine; returns whether there were any."""
    dead = [lock for lock in (STATE / "locks").glob(f"organization/{PROJECT}/{stack}/*.json") if _is_dead(lock)]
    for lock in dead:
        lock.unlink(missing_ok=True)
    if dead:
        say(f"an earlier run of stack {stack} was cut short; this one goes on from where it stopped")
    return bool(dead)


def _is_dead(lock: Path) -> bool:
    try:
        holder = json.loads(lock.read_text())
        if holder["hostname"] != socket.gethostname():
            return False
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError):
        return False
    return False
