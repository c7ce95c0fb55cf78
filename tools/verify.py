"""`make verify STACK=…`: download and hash all that a stack has pushed, in its registry and in its mirrors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tools.places import ROOT
from tools.problem import Problem
from tools.state import exported, opened, resources
from tools.wrapper import PLUGIN, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGE = "hero-home:provider:Image"
NYDUS = "hero-home:provider:NydusImage"
COPY = "hero-home:provider:ImageCopy"
ACCESS = ("repository", "username", "password", "caCertificate", "plainHttp", "identityKey")
# The plugin's exit code for damaged content, in providers/main.go.
DAMAGED = 3


def main(arguments: list[str]) -> int:
    """Print the plugin's table, and record damaged content in the state, so that the next `up` repairs it."""
    if len(arguments) != 1:
        raise Problem("name a stack: make verify STACK=…")
    stack = arguments[0]
    state = exported(stack, "--show-secrets")
    # Not as an argument, since everybody on the machine can read those.
    told = json.dumps(images(state, stack))
    code = subprocess.run([str(ROOT / "bin" / PLUGIN), "verify"], input=told, text=True, check=False).returncode
    if code == DAMAGED:
        record(state, stack)
        raise Problem(f"the registry serves damaged content; hint: make up STACK={stack} pushes it again")
    return code


def images(state: Mapping[str, Any], stack: str) -> list[dict[str, Any]]:
    """The repositories that hold images of the stack: the primary registry first, then the mirrors."""
    order = (IMAGE, NYDUS, COPY)
    found = sorted(
        (each for each in resources(state) if each["type"] in order), key=lambda each: order.index(each["type"])
    )
    if not found:
        raise Problem(f"stack {stack} has no image; hint: make up STACK={stack} pushes one")
    return [_images(each["type"], {key: opened(value) for key, value in each["outputs"].items()}) for each in found]


def record(state: Mapping[str, Any], stack: str) -> None:
    """Refresh the images with all content read again."""
    targets = [
        word for each in resources(state) if each["type"] in (IMAGE, NYDUS, COPY) for word in ("--target", each["urn"])
    ]
    command = [str(ROOT / "pulumiw"), "refresh", "--stack", stack, "--yes", "--skip-preview", *targets]
    if subprocess.run(command, env={**os.environ, "HERO_VERIFY": "1"}, check=False).returncode:
        raise Problem(f"cannot record the damaged content; hint: HERO_VERIFY=1 ./pulumiw refresh --stack {stack}")


def _images(kind: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    digests = {
        IMAGE: lambda: [outputs["digest"]],
        NYDUS: lambda: [outputs["nydusDigest"]],
        COPY: lambda: [each["digest"] for each in outputs["images"]],
    }[kind]()
    return {
        **{key: outputs[key] for key in ACCESS if key in outputs},
        "registry": outputs.get("registry", "primary"),
        "digests": list(dict.fromkeys(digests)),
    }


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
