"""Read and repair the files that Pulumi keeps in the checkout's own state.

A crash or a full disk leaves files that are empty, cut short, or full of NUL bytes. Pulumi then fails at every command.
What holds nothing that is needed is removed. The rest is set aside, never deleted.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from tools.places import ROOT
from tools.problem import Problem
from tools.progress import say

# The name that Go Cloud's fileblob gives a file until all of it is written.
UNFINISHED = re.compile(r".+\.[0-9a-f]+\.tmp")
META = re.compile(rb"\s*version:\s*\d+\s*")
# In the environment of a Pulumi: the process of its ./pulumiw, and the stack.
STARTED_BY = "HERO_STARTED_BY"
SECONDS_TO_WRITE = 0.2
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_OF_A_COMMAND = 24 * 3600


def read(file: Path) -> bytes:
    """Return the file's content. Raises Problem with a hint where the system refuses it."""
    try:
        return file.read_bytes()
    except IsADirectoryError:
        raise cannot_read(file, "it is a directory", f"mv {quoted(file)} {quoted(aside(file))}") from None
    except PermissionError as error:
        hint = f"sudo chown $(id -u) {quoted(file)} && chmod u+rw {quoted(file)}"
        raise cannot_read(file, str(error.strerror), hint) from None


def cannot_read(file: Path, cause: str, hint: str) -> Problem:
    """Return the message for a file that cannot be read."""
    return Problem(f"cannot read {file}: {cause}\nhint: {hint}")


def quoted(file: Path) -> str:
    """Return the path as a shell takes it."""
    return shlex.quote(str(file))


def aside(file: Path) -> Path:
    """Return a free name next to the file, for what is kept of a broken one."""
    return file.with_name(f"{file.name}.broken-{time.time_ns()}")


def why_not_json(content: bytes) -> str:
    """Return why the content is no JSON object; empty where it is one."""
    if not content.strip():
        return "it is empty"
    if not content.strip(b"\0"):
        return "it holds nothing but NUL bytes"
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return "it is cut short or no JSON"
    return "" if isinstance(found, dict) else "it holds no JSON object"


def json_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object; an empty one where there is none."""
    return cast("dict[str, Any]", json.loads(content)) if not why_not_json(content) else {}


def wait_for_runs(folder: Path, stack: str) -> None:
    """Wait for a Pulumi on this machine that holds a lock of the stack, or whose ./pulumiw was killed."""
    is_told = False
    while True:
        locks = [json_object(_content(file)) for file in _files(folder) if file.suffix == ".json"]
        running = [lock.get("pid") for lock in locks if lock.get("hostname") == socket.gethostname()]
        running = [pid for pid in running if isinstance(pid, int) and _is_pulumi(Path(f"/proc/{pid}"))]
        running += _orphans(stack)
        if not running:
            return
        if not is_told:
            say(f"another run of stack {stack} is going on (process {running[0]}); waiting for it to end")
            is_told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def remove_broken_locks(folder: Path, checkout: Path) -> None:
    """Remove the locks of a stack that Pulumi cannot read, and what it has not finished writing.

    The caller holds the checkout's own lock of the stack, so that only a Pulumi that was started without ./pulumiw
    may be writing here.
    """
    broken = [file for file in _files(folder) if _is_broken_lock(file)]
    if not broken:
        return
    time.sleep(SECONDS_TO_WRITE)
    broken = [file for file in broken if _is_broken_lock(file)]
    process = pulumi_process(checkout)
    if broken and process:
        raise cannot_read(
            broken[0], f"Pulumi (process {process}) may be writing it", "wait until that process has ended"
        )
    for file in broken:
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
        say(f"removed {file.name}, a lock that was not written to its end")


def _is_broken_lock(file: Path) -> bool:
    if UNFINISHED.fullmatch(file.name):
        return True
    with contextlib.suppress(FileNotFoundError):
        return file.suffix == ".json" and not isinstance(json_object(read(file)).get("pid"), int)
    return False


def remove_unfinished(files: Iterable[Path]) -> None:
    """Remove what Pulumi has not finished writing: it writes a file under another name first."""
    for file in files:
        if UNFINISHED.fullmatch(file.name) and file.is_file():
            file.unlink(missing_ok=True)


def remove_broken_meta(file: Path) -> None:
    """Remove the file with the version of the state's layout where it is broken: Pulumi writes it again."""
    with contextlib.suppress(FileNotFoundError):
        if not META.search(read(file)):
            file.unlink()
            file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
            say(f"removed {file}, which was broken; Pulumi writes it again")


def set_history_aside(folder: Path) -> None:
    """Rename entries of the history that Pulumi cannot read; it reads all the others then."""
    for file in _files(folder):
        if file.name.endswith(".history.json") and why_not_json(read(file)):
            kept = aside(file)
            file.rename(kept)
            say(f"{file.name} of the history is broken; kept as {kept.name}")


def remove_broken_selection(file: Path) -> None:
    """Remove Pulumi's note of the selected stack where it cannot be read."""
    with contextlib.suppress(FileNotFoundError):
        if why_not_json(read(file)):
            file.unlink()
            say(f"removed {file}, which was broken, so no stack is selected; hint: ./pulumiw stack select NAME")


def check_selection(file: Path) -> None:
    """Raise Problem where Pulumi cannot read which stack is selected."""
    with contextlib.suppress(FileNotFoundError):
        reason = why_not_json(read(file))
        if reason:
            raise cannot_read(file, reason, f"rm {quoted(file)} && ./pulumiw stack select NAME")


def remove_left_over(files: Iterable[Path]) -> None:
    """Remove temporary files of commands that were killed: those that are older than any command."""
    for file in files:
        with contextlib.suppress(OSError):
            if time.time() - file.lstat().st_mtime > SECONDS_OF_A_COMMAND:
                shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()


def pulumi_process(checkout: Path) -> int | None:
    """Return a running Pulumi that works in the checkout; none where the system does not tell."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            here = (folder / "cwd").readlink()
            if (here == checkout or checkout in here.parents) and _is_pulumi(folder):
                return int(folder.name)
    return None


def _orphans(stack: str) -> list[int]:
    """Return every Pulumi that acts on the stack of this checkout, and whose ./pulumiw was killed."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if _is_pulumi(folder):
                given = [each.partition(b"=") for each in (folder / "environ").read_bytes().split(b"\0")]
                named = next((value for name, _, value in given if name == STARTED_BY.encode()), b"")
                started_by, _, key = named.partition(b" ")
                is_alive = not started_by.isdigit() or Path(f"/proc/{int(started_by)}").exists()
                if key == started_for(stack).encode() and not is_alive:
                    found.append(int(folder.name))
    return found


def started_for(stack: str) -> str:
    """Return what names the stack of this checkout in the environment of its Pulumi."""
    return f"{ROOT}:{stack}"


def _is_pulumi(folder: Path) -> bool:
    """Whether the process with this directory in /proc is a Pulumi that has not ended."""
    try:
        return (folder / "comm").read_bytes().strip() == b"pulumi" and b") Z" not in (folder / "stat").read_bytes()
    except OSError:
        return False


def _content(file: Path) -> bytes:
    """Return the file's content; none where it is deleted at this moment."""
    try:
        return read(file)
    except FileNotFoundError:
        return b""


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
