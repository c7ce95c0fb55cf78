"""Keep a second copy of the checkout's passphrase, since nothing can be read without it."""

from __future__ import annotations

from pathlib import Path

from tools.problem import about
from tools.progress import say
from tools.state_files import cannot_read, read

NAME, COPY = "passphrase", "passphrase.copy"


def repair(bookkeeping: Path, *, is_needed: bool) -> None:
    """Restore the passphrase from its copy where it was cut short, or remove it where nothing is encrypted with it.

    Raises Problem where it is needed and no copy can be read.
    """
    file, copy = bookkeeping / NAME, bookkeeping / COPY
    found, kept = _read(file), _read(copy)
    if found is None and not kept:
        return
    if found and not _is_cut_short(found, kept):
        return
    if kept and not _is_broken(kept):
        _write(file, kept)
        say(f"{file} was missing or cut short; restored from {copy}")
    elif is_needed:
        hint = f"copy {file} from a backup of this checkout; it opens the secrets in the state"
        raise cannot_read(file, "it is empty or broken", hint)
    else:
        file.unlink(missing_ok=True)


def keep_copy(bookkeeping: Path) -> None:
    """Write the copy where it is missing or another one."""
    found = _read(bookkeeping / NAME)
    if found and not _is_broken(found) and found != _read(bookkeeping / COPY):
        _write(bookkeeping / COPY, found)


def _read(file: Path) -> bytes | None:
    try:
        return read(file)
    except FileNotFoundError:
        return None


def _is_broken(content: bytes) -> bool:
    return not content.strip(b"\0 \t\r\n") or b"\0" in content


def _is_cut_short(content: bytes, whole: bytes | None) -> bool:
    return _is_broken(content) or bool(whole and len(content) < len(whole) and whole.startswith(content))


def _write(file: Path, content: bytes) -> None:
    """Write the file at once, for its owner alone."""
    unfinished = file.with_name(f"{file.name}.new")
    with about(file):
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(file)
