"""`python3 -m tools.within COMMAND …` runs a command where Python's packages, Go, uv and Pulumi are on PATH."""

from __future__ import annotations

import os
import sys

from tools.problem import Problem
from tools.wrapper import prepare


def main(command: list[str]) -> None:
    """Become the command."""
    try:
        _, environment = prepare()
    except Problem as problem:
        sys.exit(f"pulumiw: {problem}")
    os.execvpe(command[0], command, environment)  # noqa: S606 - becoming it is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
