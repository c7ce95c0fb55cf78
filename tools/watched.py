"""Builds that take minutes: each line that they say moves a bar."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tools.places import ROOT
from tools.problem import Problem

if TYPE_CHECKING:
    from tools.progress import Bar

LAST_WORDS = 12


def watched(command: list[str], folder: Path, environment: dict[str, str], bar: Bar) -> list[str]:
    """Run it in the folder, moving the bar with each line that it says; returns what it printed."""
    said: list[str] = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as printed,
        _started(command, folder, environment, printed) as process,
    ):
        try:
            for line in process.stderr or ():
                said.append(line.rstrip())
                bar.advance(line.strip())
            code = process.wait()
        finally:
            # Whatever interrupts this process need not have reached that one.
            process.terminate()
        if code != 0:
            # The names of the packages that did compile are one word each.
            words = "\n  ".join([line for line in said if " " in line][-LAST_WORDS:])
            name = " ".join([Path(command[0]).name, *command[1:2]])
            raise Problem(f"`{name}` in {os.path.relpath(folder, ROOT)} failed:\n  {words}")
        printed.seek(0)
        return printed.read().splitlines()


def _started(command: list[str], folder: Path, environment: dict[str, str], printed: IO[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=subprocess.PIPE,
    )
