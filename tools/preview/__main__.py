"""`python -m tools.preview preview|drift STACK` prints what a pull request's comment, or an issue, holds.

What Pulumi says as it goes is on stderr, so that stdout is the report and nothing else. The exit code is Pulumi's own;
where a drift is found it is not 0.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from policies.stack_file import config_of
from tools.packages import run
from tools.places import ROOT
from tools.preview.events import read
from tools.preview.markdown import render
from tools.preview.masks import Masks, secrets_in, secrets_of_config
from tools.preview.policies import PACK, configuration
from tools.problem import Problem
from tools.wrapper import plainly

if TYPE_CHECKING:
    from collections.abc import Iterator

PULUMI = str(ROOT / "pulumiw")
WAYS = {
    "preview": ["preview"],
    "drift": ["refresh", "--preview-only", "--expect-no-changes"],
}
NOT_PROVEN = "nothing is shown, since what is secret could not be asked for"


def main(arguments: list[str]) -> int:
    """Let Pulumi look, then print what it saw."""
    if len(arguments) != len(("verb", "stack")) or arguments[0] not in WAYS or not arguments[1]:
        raise Problem(f"say what to report, and of which stack: python -m tools.preview {'|'.join(WAYS)} STACK")
    return report(*arguments)


def report(verb: str, stack: str) -> int:
    """Print the report of one stack; returns Pulumi's own exit code."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.jsonl"
        code = _look(verb, stack, log, Path(folder) / "policies.json")
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    if not any(lines):
        # Whatever kept it from even beginning is on stderr already.
        return code or 1
    print(render(read(lines, Masks(_known_secrets(stack))), verb, stack), end="")
    return code


def _look(verb: str, stack: str, log: Path, said: Path) -> int:
    command = [PULUMI, *WAYS[verb], "--stack", stack, "--event-log", str(log)]
    if verb == "preview":
        said.write_text(json.dumps(configuration(_written(stack))), encoding="utf-8")
        command += ["--policy-pack", PACK, "--policy-pack-config", str(said)]
    # The flag for the log is there for the SDK's Automation API, which asks for it so, too.
    environment = {**os.environ, "PULUMI_DEBUG_COMMANDS": "true"}
    code = subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=False).returncode
    # As a shell has it, where a signal has ended the command.
    return 128 - code if code < 0 else code


def _known_secrets(stack: str) -> Iterator[str]:
    """In clear: those of the state, and those that the stack's file keeps."""
    yield from secrets_in(_told(stack, "stack", "export", "--show-secrets"))
    clear = _told(stack, "config", "--show-secrets", "--json")
    for key, value in _written(stack).items():
        entry = clear.get(key, {})
        yield from secrets_of_config(value, entry.get("objectValue", entry.get("value")))


def _written(stack: str) -> dict[str, Any]:
    """The config as it stands in the stack's file."""
    file = ROOT / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    try:
        return config_of(file)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Problem(f"cannot read {file.name}: {error}\nhint: correct the file's YAML") from error


def _told(stack: str, *command: str) -> dict[str, dict[str, object]]:
    written = run([PULUMI, *command, "--stack", stack, "--non-interactive"], NOT_PROVEN)
    try:
        return json.loads(written)
    except ValueError:
        words = " ".join(command)
        raise Problem(f"cannot read the output of `pulumi {words}`: it is no JSON\nhint: ./pulumiw {words}") from None


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
