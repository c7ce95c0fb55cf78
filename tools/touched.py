"""`python3 -S -m tools.touched BASE` prints, as JSON, the stacks that what was committed since BASE can change.

A stack's own file is that stack's, a registry's own code is that of the stacks that choose it, and what all share is
everybody's. STACKS, a list in JSON, leaves out all others.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import cast

from tools.packages import run
from tools.places import ROOT
from tools.problem import Problem
from tools.wrapper import plainly

# Whatever calls a shell with it can do so safely.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
STACK_FILE = re.compile(r"Pulumi\.(.+)\.yaml")
CHOICE = re.compile(r"^  hero:registry: *([a-z]+)", re.MULTILINE)
ORIGIN = re.compile(r"^    origin: *([a-z]+)", re.MULTILINE)
ROOM = re.compile(r"components/registries/(\w+)")
# A room is called as a module is, and a choice as people write it in config.
ROOMS = {"docker_hub": "dockerhub"}
# What no stack is made of.
BESIDE = re.compile(
    r"docs/|tests/|benchmarks/|tools/(actionlint|clients|conformance|containerd|nydus|snapshotter|syft)/|\.github/ISSUE_TEMPLATE/|[^/]*\.md$"
)


def main(arguments: list[str]) -> int:
    """Print the stacks."""
    if len(arguments) != 1:
        raise Problem("name a commit to compare with: python3 -S -m tools.touched BASE")
    command = ["git", "diff", "--name-only", f"{arguments[0]}...HEAD"]
    changed = run(command, "git cannot compare").splitlines()
    wanted = _wanted(os.environ.get("STACKS"))
    found = touched(changed, choices(ROOT))
    print(json.dumps([stack for stack in found if wanted is None or stack in wanted]))
    return 0


def _wanted(stacks: str | None) -> list[str] | None:
    """Return the stacks of STACKS; None where it is not set or empty, so that all are meant."""
    if not stacks:
        return None
    try:
        wanted: object = json.loads(stacks)
    except ValueError:
        wanted = None
    if not isinstance(wanted, list):
        raise Problem(f"cannot read STACKS: {stacks!r} is no list in JSON\nhint: STACKS='[\"dev\"]'")
    return [str(each) for each in cast("list[object]", wanted)]


def choices(folder: Path) -> dict[str, set[str]]:
    """Every stack that has a file in the folder, with the registry that it chooses, and what is behind that."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        match = STACK_FILE.fullmatch(file.name)
        if match is None or not NAME.fullmatch(match[1]):
            raise Problem(
                f"{file.name!r} names no stack that can be spoken of: {NAME.pattern} are the letters it may have"
            )
        text = file.read_text(encoding="utf-8")
        choice = CHOICE.search(text)
        found[match[1]] = {choice[1] if choice else "embedded"}
        if found[match[1]] == {"dragonfly"}:
            found[match[1]] |= set(ORIGIN.findall(text))
    return found


def touched(changed: list[str], stacks: dict[str, set[str]]) -> list[str]:
    """The stacks that these files are part of."""
    return [stack for stack, chosen in stacks.items() if any(_is_of(file, stack, chosen) for file in changed)]


def _is_of(file: str, stack: str, chosen: set[str]) -> bool:
    own, room = STACK_FILE.fullmatch(file), ROOM.match(file)
    if own:
        return own[1] == stack
    if room and room[1] != "__init__":
        return ROOMS.get(room[1], room[1]) in chosen
    return not BESIDE.match(file)


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
