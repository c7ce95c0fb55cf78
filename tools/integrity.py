"""Notice a program in the cache that a crash or a full disk has cut short."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any, cast

FOLDER = "sums"
CHUNK = 1 << 20


def record(folder: Path) -> None:
    """Write down the size, the time and the sum of every program in a directory of the cache."""
    facts = {
        str(file.relative_to(folder)): [file.stat().st_size, file.stat().st_mtime_ns, _sum(file)]
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and os.access(file, os.X_OK)
    }
    if facts:
        _write(folder, facts)


def is_whole(folder: Path) -> bool:
    """Whether every program is as it was recorded; true where nothing is recorded."""
    known = _read(folder)
    changed = {name for name, fact in known.items() if _facts(folder / name) != fact[:2]}
    if any(not _is_same(folder / name, known[name]) for name in changed):
        return False
    if changed:
        # Copied or restored by another program: its times are the ones to compare with from now on.
        _write(folder, {name: [*_facts(folder / name), fact[2]] for name, fact in known.items()})
    return True


def _is_same(file: Path, fact: list[Any]) -> bool:
    try:
        return file.stat().st_size == fact[0] and _sum(file) == fact[2]
    except OSError:
        return False


def _facts(file: Path) -> list[int]:
    try:
        facts = file.stat()
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns]


def _sum(file: Path) -> str:
    total = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            total.update(chunk)
    return total.hexdigest()


def _record_of(folder: Path) -> Path:
    return folder.parent / FOLDER / f"{folder.name}.json"


def _write(folder: Path, facts: dict[str, list[Any]]) -> None:
    """Without a record, a program counts as whole."""
    file = _record_of(folder)
    with contextlib.suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_text(json.dumps(facts), encoding="utf-8")
        unfinished.replace(file)


def _read(folder: Path) -> dict[str, list[Any]]:
    try:
        found = json.loads(_record_of(folder).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    facts = cast("dict[str, Any]", found)
    is_record = all(isinstance(fact, list) and len(cast("list[Any]", fact)) == len("smh") for fact in facts.values())
    return facts if is_record else {}
