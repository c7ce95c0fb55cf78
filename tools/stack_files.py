"""Keep a copy of each stack's file, and restore from it what a crash has cut short."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from tools.problem import about
from tools.progress import say
from tools.state_files import SECONDS_TO_WRITE, aside, cannot_read, quoted, read

FOLDER = "copies"


def repair(file: Path, bookkeeping: Path) -> None:
    """Restore the stack's file where it was cut short. Raises Problem where it is broken and has no copy."""
    content, copy = _read(file), bookkeeping / FOLDER / file.name
    if content is None:
        return
    whole = _read(copy) or b""
    if whole and _is_cut_short(content, whole):
        time.sleep(SECONDS_TO_WRITE)  # Pulumi or an editor may be writing it.
        content = _read(file) or b""
    if whole and _is_cut_short(content, whole):
        kept = aside(copy)
        with about(copy):
            kept.write_bytes(content)
        _write(file, whole)
        say(
            f"{file.name} was cut short (kept as {kept}); restored as the last command left it; "
            f"hint: if that was an edit of yours, rm {quoted(copy)} and make it again"
        )
    else:
        check(file)


def check(file: Path) -> None:
    """Raise Problem where the stack's file is one that no user has written."""
    if b"\0" in (_read(file) or b""):
        raise cannot_read(file, "it holds NUL bytes", f"git checkout -- {quoted(file)}")


def keep_copy(file: Path, bookkeeping: Path) -> None:
    """Write the copy where the file is another one by now."""
    content, copy = _read(file), bookkeeping / FOLDER / file.name
    if content and b"\0" not in content and content != _read(copy):
        with about(copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
        _write(copy, content)


def _is_cut_short(content: bytes, whole: bytes) -> bool:
    """Whether a crash has left it so: empty, with NUL bytes, ended within a line or with half of it gone.

    A file that has only lost its last lines is an edit of the user's.
    """
    if not content or b"\0" in content:
        return True
    if not whole.startswith(content) or len(content) == len(whole):
        return False
    ends_within_line = content[-1:] != b"\n" and whole[len(content) : len(content) + 1] not in (b"\n", b"\r")
    return ends_within_line or len(content) * 2 <= len(whole) + 1


def _read(file: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return read(file)
    return None


def _write(file: Path, content: bytes) -> None:
    """Write the file at once; a link stays a link, and the mode stays."""
    target = file.resolve()
    unfinished = target.with_name(f".{target.name}.new")
    with about(file):
        unfinished.write_bytes(content)
        if target.exists():
            unfinished.chmod(target.stat().st_mode & 0o777)
        unfinished.replace(target)
