"""A program in the cache that was cut short is made again."""

import os
from pathlib import Path

import pytest

from tests.unit.programs import speaker
from tools import go, integrity, places
from tools.places import newly_made

DAMAGES = {"empty": b"", "half": b"#!/bin/sh\n", "nul": b"\0" * 30}


def made(folder: Path) -> Path:
    with newly_made(folder) as unfinished:
        speaker(unfinished / "bin" / "program", "hello")
        (unfinished / "notes").write_text("no program")
    return folder


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_program_is_noticed(tmp_path: Path, damage: str) -> None:
    folder = made(tmp_path / "program-0123456789abcdef")
    assert integrity.is_whole(folder)
    (folder / "bin" / "program").write_bytes(DAMAGES[damage])
    assert not integrity.is_whole(folder)
    assert integrity.is_whole(made(folder))


def test_missing_program_is_noticed(tmp_path: Path) -> None:
    folder = made(tmp_path / "program-0123456789abcdef")
    (folder / "bin" / "program").unlink()
    assert not integrity.is_whole(folder)


def test_program_with_another_time_is_compared_by_its_sum(tmp_path: Path) -> None:
    folder = made(tmp_path / "program-0123456789abcdef")
    os.utime(folder / "bin" / "program", (1, 1))
    assert integrity.is_whole(folder)
    content = (folder / "bin" / "program").read_bytes()
    (folder / "bin" / "program").write_bytes(b"\0" * len(content))
    os.utime(folder / "bin" / "program", (1, 1))
    assert integrity.is_whole(folder), "neither size nor time has changed"
    os.utime(folder / "bin" / "program", (2, 2))
    assert not integrity.is_whole(folder)


@pytest.mark.parametrize("content", [b"", b'{"bin/pro', b"\0\0", b"[]", b'{"bin/program": 5}', b"\xff"])
def test_broken_record_counts_as_none(tmp_path: Path, content: bytes) -> None:
    folder = made(tmp_path / "program-0123456789abcdef")
    (tmp_path / "sums" / f"{folder.name}.json").write_bytes(content)
    assert integrity.is_whole(folder)


def test_build_in_use_is_kept(cache: Path) -> None:
    cache.mkdir(parents=True)
    for number in range(places.BUILDS_KEPT + 2):
        made(cache / f"small-{number:016x}")
    assert len(list(cache.glob("small-*"))) == places.BUILDS_KEPT + 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_build_is_made_again(cache: Path, module: Path, go_folder: Path, damage: str) -> None:
    folder = go.build(go_folder, module, ".", "program")
    whole = (folder / "program").read_bytes()
    (folder / "program").write_bytes(DAMAGES[damage])
    assert go.build(go_folder, module, ".", "program") == folder
    assert (folder / "program").read_bytes() == whole
    assert folder.is_relative_to(cache)
