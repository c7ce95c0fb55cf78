"""`make where STACK=…`: every home that holds Hero now, with tags and digests, and whether they agree."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tools.places import ROOT
from tools.problem import Problem
from tools.state import exported, opened, resources
from tools.wrapper import PLUGIN, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME, COPY = "hero-home:provider:Home", "hero-home:provider:ImageCopy"


def main(arguments: list[str]) -> int:
    """Print the table, which the plugin makes: it knows how a registry is asked."""
    if len(arguments) != 1:
        raise Problem("name a stack: make where STACK=…")
    told = json.dumps(homes(exported(arguments[0], "--show-secrets"), arguments[0]))
    # Not as an argument, since everybody on the machine can read those.
    return subprocess.run([str(ROOT / "bin" / PLUGIN), "where"], input=told, text=True, check=False).returncode


def homes(state: Mapping[str, Any], stack: str) -> list[dict[str, Any]]:
    """Each with its repository and the pusher's login; the one that the stack has chosen first."""
    found = sorted(
        (each for each in resources(state) if each["type"] in (HOME, COPY)), key=lambda each: each["type"] == COPY
    )
    if not found:
        raise Problem(f"stack {stack} has no home for Hero; make up STACK={stack} builds one")
    return [_dwelling({key: opened(value) for key, value in each["outputs"].items()}) for each in found]


def _dwelling(outputs: dict[str, Any]) -> dict[str, Any]:
    images: list[dict[str, list[str]]] = outputs.get("images", [])
    return outputs if "tags" in outputs else {**outputs, "tags": [tag for image in images for tag in image["tags"]]}


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
