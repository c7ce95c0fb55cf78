"""Where things are: the checkout, and the user's cache, which only ever speeds things up."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tools import integrity
from tools.modes import make_unwritable
from tools.problem import Problem, about
from tools.progress import say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BUILDS_KEPT = 5
SECONDS_IN_USE = 24 * 3600


def cache() -> Path:
    """`$XDG_CACHE_HOME/hero`, made if need be."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache").absolute() / "hero"
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        make_unwritable(folder)
    except OSError as error:
        raise Problem(
            f"{folder} cannot be made ({error.strerror}); XDG_CACHE_HOME may name a folder that you can write to"
        ) from error
    return folder


def home() -> Path:
    """The user's folder; some containers have users without one."""
    try:
        return Path.home()
    except RuntimeError:
        raise Problem("the user has no home folder; set HOME to one") from None


def on_path(name: str) -> Path | None:
    """The program that a shell would start."""
    found = shutil.which(name)
    return None if found is None else Path(found).absolute()


def digest(files: Iterable[Path], *words: str) -> str:
    """A name for these contents; other contents, another name."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


@contextmanager
def held(lock: Path) -> Generator[None]:
    """Hold a lock; the system lets go of it, however this process ends."""
    with lock.open("a", encoding="utf-8") as file:
        with about(lock):
            take(file, lambda: f"another run makes what this one needs too; waiting for it ({lock})")
        yield


def take(lock: IO[str], why_it_waits: Callable[[], str]) -> None:
    """Lock the file, after whoever holds it; the reason for waiting is asked for, and told, only then."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(why_it_waits())
        fcntl.flock(lock, fcntl.LOCK_EX)


@contextmanager
def newly_made(folder: Path) -> Generator[Path]:
    """A folder to fill, which takes its name only when it is whole. Older ones of its kind go, but for a few.

    Whoever makes one holds the lock of its kind, so that what other processes have left unfinished is of no use to
    anybody any more.
    """
    kind = re.escape(folder.name.rpartition("-")[0])
    _remove(_siblings(folder, rf"{kind}-[^-]*\.unfinished-\d+"))
    unfinished = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
    with about(folder):
        try:
            unfinished.mkdir(mode=0o755, parents=True)
            yield unfinished
            # It is here already where somebody has taken a part of it away.
            _remove([folder])
            unfinished.rename(folder)
            integrity.record(folder)
        finally:
            _remove([unfinished])
    whole = _siblings(folder, rf"{kind}-[0-9a-f]{{16}}")
    old = sorted(whole, key=lambda other: other.stat().st_mtime)[:-BUILDS_KEPT]
    # Another checkout may be running what it has built or found here a moment ago.
    _remove(other for other in old if time.time() - other.stat().st_mtime > SECONDS_IN_USE)


def _siblings(folder: Path, pattern: str) -> list[Path]:
    return [other for other in folder.parent.iterdir() if re.fullmatch(pattern, other.name)]


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
