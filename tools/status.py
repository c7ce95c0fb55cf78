"""`make status STACK=…`: how many bytes of an image came from peers, and how many from where it lives."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tools.places import ROOT
from tools.problem import Problem
from tools.state import exported, resources
from tools.wrapper import PLUGIN, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

# What waits for a Dragonfly is told where that is.
WAIT = "hero:registry:Dragonfly$hero-home:provider:Readiness"


def main(arguments: list[str]) -> int:
    """Print the table, which the plugin makes: it knows how a cluster is asked."""
    if len(arguments) != 1:
        raise Problem("name a stack: make status STACK=…")
    words = where(exported(arguments[0]), arguments[0])
    return subprocess.run([str(ROOT / "bin" / PLUGIN), "dragonfly-traffic", *words], check=False).returncode


def where(state: Mapping[str, Any], stack: str) -> list[str]:
    """The kubeconfig, the context and the namespace of the stack's Dragonfly."""
    for each in resources(state):
        if f"::{WAIT}::" in each["urn"]:
            return [str(each["outputs"][key]) for key in ("kubeconfig", "context", "namespace")]
    raise Problem(
        f"stack {stack} has no Dragonfly, and no other choice counts what it gives; "
        f"make up STACK={stack} builds one where its hero:registry is dragonfly"
    )


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
