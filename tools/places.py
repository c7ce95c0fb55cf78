"""Where things are: the checkout, and the user's cache, which only ever speeds things up."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BUILDS_KEPT = 5


def cache() -> Path:
    """`$XDG_CACHE_HOME/hero`, made if need be."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hero"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def newly_made(folder: Path) -> Generator[Path]:
    """A folder to fill, which takes its name only when it is whole. Older ones of its kind go, but for a few."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    kind = re.compile(re.escape(folder.name.rpartition("-")[0]) + "-[0-9a-f]{16}")
    siblings = [other for other in folder.parent.iterdir() if kind.fullmatch(other.name)]
    for old in sorted(siblings, key=lambda other: other.stat().st_mtime)[:-BUILDS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
