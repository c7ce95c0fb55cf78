"""Programs that play a part on PATH."""

from pathlib import Path


def script(file: Path, *lines: str) -> Path:
    """A shell script of these lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)
    return file


def speaker(file: Path, words: str) -> Path:
    """A program that says these words, whatever it is asked."""
    return script(file, f"echo '{words}'")


def stand_in_for_go(file: Path, *lines_of_build: str) -> Path:
    """A Go that finds one package to compile, and then does as it is told; `$program` is the file it has to make."""
    return script(
        file,
        'if [ "$1" = list ]; then echo example.com/small; exit; fi',
        'while [ "$1" != -o ]; do shift; done',
        "program=$2",
        *lines_of_build,
    )


def is_alive(process: int) -> bool:
    """Whether it still runs; one that has ended may wait for somebody to ask how."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
