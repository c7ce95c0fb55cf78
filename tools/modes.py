"""File modes: what this user makes, other local users cannot change, whatever the umask is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def restrict_umask() -> None:
    """Take the right to write from group and others, for all that this process and its children create."""
    os.umask(os.umask(WRITABLE_BY_OTHERS) | WRITABLE_BY_OTHERS)


def make_private(folder: Path) -> None:
    """Create the directory for this user alone, or close one that a loose umask has left open."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _set_mode(folder, 0o700)


def make_unwritable(*paths: Path) -> None:
    """Take the right to write from group and others."""
    for path in paths:
        _set_mode(path, ~WRITABLE_BY_OTHERS)


def _set_mode(path: Path, allowed: int) -> None:
    """Only the owner may change a mode; another user's file is left as it is."""
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == os.geteuid() and mode & ~allowed:
        path.chmod(mode & allowed)
