"""`python3 -S -m tools.provide TOOL` makes sure that a tool which few need is there, and prints its path on stdout.

The plugin asks for a tool when it needs it, so that nobody waits for one that they do not use.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.go import build, ensure_go
from tools.packages import ensure_uv, is_new_enough, run
from tools.places import ROOT, on_path
from tools.problem import Problem
from tools.progress import say
from tools.rust import Crate, build_crate
from tools.wrapper import plainly


@dataclass(frozen=True)
class Tool:
    """A program that a Go module pins, and from which version on the one on PATH will do as well."""

    module: Path
    package: str
    oldest: tuple[int, int]
    flags: str = ""


@dataclass(frozen=True)
class Program:
    """A program of a crate; a build of the crate itself does not say of which version it is, and will do as well."""

    crate: Crate
    oldest: tuple[int, int]


NYDUS = Crate("nydus-rs", "2.2.0", ("nydus-image", "nydusd"), oldest_cargo=(1, 66), needs=("cc", "make", "perl"))
TOOLS: dict[str, Tool | Program] = {
    "accelctl": Tool(
        ROOT / "tools" / "nydus",
        "github.com/goharbor/acceleration-service/cmd/accelctl",
        (0, 2),
        "-X main.versionTag=0.2.26",
    ),
    "actionlint": Tool(
        ROOT / "tools" / "actionlint",
        "github.com/rhysd/actionlint/cmd/actionlint",
        (1, 7),
        "-X github.com/rhysd/actionlint.version=1.7.12",
    ),
    # Its documents name the version that it says it is.
    "syft": Tool(ROOT / "tools" / "syft", "github.com/anchore/syft/cmd/syft", (1, 0), "-X main.version=1.57.0"),
    "nydus-image": Program(NYDUS, (2, 2)),
    "nydusd": Program(NYDUS, (2, 2)),
}


def main(names: list[str]) -> int:
    """Print where the tool is."""
    if len(names) != 1 or names[0] not in TOOLS:
        raise Problem(f"name one tool: python3 -S -m tools.provide {' | '.join(TOOLS)}")
    print(provide(names[0]))
    return 0


def provide(name: str) -> Path:
    """The tool on PATH where it is new enough, else a build of the pinned one."""
    tool = TOOLS[name]
    return _from_path(name, tool) or _built(name, tool)


def _from_path(name: str, tool: Tool | Program) -> Path | None:
    found = on_path(name)
    if found is None or _will_do(found, tool):
        return found
    say(f"{found} does not start or is older than {'.'.join(map(str, tool.oldest))}, so it is passed over")
    return None


def _will_do(found: Path, tool: Tool | Program) -> bool:
    command = [str(found), "--version"]
    if isinstance(tool, Program) and _says_no_version(command):
        return True
    return is_new_enough(command, tool.oldest)


def _says_no_version(command: list[str]) -> bool:
    """Whether it is a build of the crate, which knows its version only where it is built in its repository."""
    try:
        return re.search(r"^Version:\s+unknown$", run(command, ""), re.MULTILINE) is not None
    except (Problem, OSError):
        return False


def _built(name: str, tool: Tool | Program) -> Path:
    if isinstance(tool, Program):
        return build_crate(tool.crate) / name
    go = ensure_go(ensure_uv().parent, needed_go(tool.module))
    return build(go, tool.module, tool.package, name, flags=tool.flags) / name


def needed_go(module: Path) -> tuple[int, ...]:
    """The version of Go that the module asks for, which may be newer than what all others do with."""
    found = re.search(r"^go ([\d.]+)$", (module / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    return tuple(map(int, found[1].split("."))) if found else ()


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
