"""`python3 -m tools.within COMMAND …` runs a command where Python's packages, Go, uv and Pulumi are on PATH."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from tools.packages import ensure_uv
from tools.problem import Problem
from tools.wrapper import plainly, prepare


def main(command: list[str]) -> int:
    """Become the command."""
    if not command:
        raise Problem("name a command to run: python3 -m tools.within COMMAND …")
    # uv is what brings a lock in line again, so it must not need one that is.
    environment = _with_uv_alone() if command[0] == "uv" else prepare()[1]
    _become(command, environment)


def _with_uv_alone() -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([str(ensure_uv().parent), os.environ.get("PATH", "")])}


def _become(command: list[str], environment: dict[str, str]) -> NoReturn:
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - becoming it is the purpose
    except OSError as error:
        raise Problem(f"{command[0]}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
