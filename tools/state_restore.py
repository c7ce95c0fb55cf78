"""Restore a stack's state file that is broken, from the copies that Pulumi keeps of it.

Pulumi writes the state after each step of an update. It keeps
- next to the state, with `.bak`, the state before the last write;
- in `history/` and in `backups/`, the state when each update had ended.
The MD5 sum of the state stands in the file with `.attrs` next to it.

A copy is restored by itself only where that loses nothing: where it is what the state held, or where the only write
that it lacks was a step of an update that was killed, which the next update repeats. Otherwise the user chooses.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from tools.problem import about
from tools.progress import say
from tools.state_files import aside, cannot_read, json_object, quoted, read, why_not_json

TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
WRITTEN = re.compile(r"[.-](\d+)\.(?:checkpoint\.)?json")


@dataclass(frozen=True)
class Copy:
    """A copy of a state that can be read."""

    file: Path
    time: tuple[float, str]
    """When Pulumi made the state that it holds."""
    md5: str
    is_of_an_update: bool
    """Whether steps of an update are under way in it."""


@dataclass(frozen=True)
class StackFiles:
    """Where Pulumi keeps the state of a stack and the copies of it."""

    state: Path
    backups: Path
    history: Path

    @property
    def before_last_write(self) -> Path:
        """The state before the last write."""
        return self.state.with_name(f"{self.state.name}.bak")

    def unfinished(self) -> list[Path]:
        """Return the files that may be ones that Pulumi has not written to their end."""
        return [*self.state.parent.glob(f"{self.state.name}*"), *self.backups.glob("*"), *self.history.glob("*")]


def stack_files(bookkeeping: Path, project: str, stack: str) -> StackFiles:
    """Return the files of a stack in the directory `.pulumi`."""
    return StackFiles(
        bookkeeping / "stacks" / project / f"{stack}.json",
        bookkeeping / "backups" / project / stack,
        bookkeeping / "history" / project / stack,
    )


def why_not_state(content: bytes) -> str:
    """Return why Pulumi or we cannot read the state; empty where it can be read."""
    return why_not_json(content) or ("" if _is_state(json_object(content)) else "it holds no state of Pulumi")


def _is_state(found: dict[str, Any]) -> bool:
    checkpoint: object = found.get("checkpoint")
    if not isinstance(checkpoint, dict):
        return False
    latest: object = cast("dict[str, Any]", checkpoint).get("latest") or {}
    if not isinstance(latest, dict):
        return False
    parts = cast("dict[str, Any]", latest)
    resources: object = parts.get("resources") or []
    pending: object = parts.get("pending_operations") or []
    return all(map(_is_resource, _list(resources))) and all(map(_is_operation, _list(pending)))


def _list(found: object) -> list[object]:
    """Return the list; one with something that is no resource where it is none."""
    return cast("list[object]", found) if isinstance(found, list) else [None]


def _is_resource(found: object) -> bool:
    """Whether it is an object whose URN and type, where it has them, are strings."""
    if not isinstance(found, dict):
        return False
    parts = cast("dict[str, Any]", found)
    return isinstance(parts.get("urn", ""), str) and isinstance(parts.get("type", ""), str)


def _is_operation(found: object) -> bool:
    if not isinstance(found, dict):
        return False
    parts = cast("dict[str, Any]", found)
    return isinstance(parts.get("type"), str) and _is_resource(parts.get("resource"))


def is_broken(files: StackFiles) -> bool:
    """Whether there is a state that cannot be read."""
    try:
        return bool(why_not_state(read(files.state)))
    except FileNotFoundError:
        return False


def restore(files: StackFiles, stack: str, *, was_interrupted: bool) -> bool:
    """Restore the state where it is broken. Returns whether the copy lacks the last step of an update.

    `was_interrupted` says that an update of the stack has left its lock. Raises Problem where no copy is known to lose
    nothing.
    """
    if not is_broken(files):
        return False
    before, ended = _copy(files.before_last_write), _newest([*_in(files.history), *_in(files.backups)])
    exact = _exact(files, [copy for copy in (before, ended) if copy])
    if exact is None and ended and before and ended.time > before.time:
        exact = ended
    if exact:
        _restore(files, exact, "which is the same")
        return False
    if before and (was_interrupted or before.is_of_an_update):
        _restore(files, before, "which lacks the last step of an update that was cut short; the next update repeats it")
        return True
    if not files.before_last_write.exists() and not ended:
        _set_aside_new_stack(files, stack)
        return False
    raise _ambiguous(files, stack, before or ended)


def _exact(files: StackFiles, copies: list[Copy]) -> Copy | None:
    """Return a copy of exactly what the state held."""
    attributes: dict[str, Any] = {}
    with contextlib.suppress(OSError):
        attributes = json_object(files.state.with_name(f"{files.state.name}.attrs").read_bytes())
    return next((copy for copy in copies if copy.md5 == attributes.get("md5")), None)


def _set_aside_new_stack(files: StackFiles, stack: str) -> None:
    kept = aside(files.state)
    with about(files.state):
        files.state.rename(kept)
        _forget_attributes(files.state)
    say(f"the state of stack {stack} is broken (kept as {kept}); no update has written to it yet, so the stack is new")


def _restore(files: StackFiles, copy: Copy, what: str) -> None:
    kept = aside(files.state)
    unfinished = files.state.with_name(f"{files.state.name}.restored")
    with about(files.state):
        shutil.copyfile(copy.file, unfinished)
        shutil.copymode(copy.file, unfinished)
        files.state.rename(kept)
        unfinished.replace(files.state)
        _forget_attributes(files.state)
    say(f"the state {files.state} is broken (kept as {kept}); restored from {copy.file}, {what}")


def _forget_attributes(file: Path) -> None:
    file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)


def _ambiguous(files: StackFiles, stack: str, copy: Copy | None) -> Exception:
    cause = why_not_state(read(files.state))
    if copy is None:
        hint = f"restore {files.state} from a backup of this checkout"
        return cannot_read(files.state, f"{cause}, and no copy of it can be read", hint)
    state, kept = quoted(files.state), quoted(aside(files.state))
    put_back = f"mv {state} {kept} && cp {quoted(copy.file)} {state} && rm -f {state}.attrs"
    cause = f"{cause}; {copy.file} is the newest copy, and the last change of the state may be missing in it"
    return cannot_read(files.state, cause, f"{put_back} && ./pulumiw refresh --stack {stack}")


def _in(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.json") if _when(file)] if folder.is_dir() else []


def _newest(files: list[Path]) -> Copy | None:
    """Return the newest copy that can be read; the names hold the time of writing."""
    for file in sorted(files, key=_when, reverse=True):
        copy = _copy(file)
        if copy:
            return copy
    return None


def _when(file: Path) -> int:
    found = WRITTEN.search(file.name)
    return int(found[1]) if found and not file.name.endswith(".history.json") else 0


def _copy(file: Path) -> Copy | None:
    content = b""
    with contextlib.suppress(OSError):
        content = file.read_bytes()
    if why_not_state(content):
        return None
    latest: dict[str, Any] = json_object(content)["checkpoint"].get("latest") or {}
    manifest: dict[str, Any] = latest.get("manifest") or {}
    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    return Copy(file, _moment(str(manifest.get("time"))), md5, bool(latest.get("pending_operations")))


def _moment(text: str) -> tuple[float, str]:
    found = TIME.search(text)
    if not found:
        return 0.0, ""
    offset = "+00:00" if found[3] == "Z" else found[3]
    return datetime.fromisoformat(found[1] + offset).timestamp(), (found[2] or "").ljust(9, "0")
