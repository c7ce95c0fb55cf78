"""`make conformance STACK=…` puts the OCI conformance suite to the registry of a stack that is up, as its pusher."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.conformance.report import report
from tests.conformance.suite import run
from tools.places import ROOT
from tools.problem import Problem
from tools.progress import say
from tools.readme import CONFORMANCE, write_table

# Elsewhere, what is pushed goes by the registry's own rules, and not by whoever has pushed it.
MAY_DELETE = ("embedded",)


def main(arguments: list[str]) -> int:
    """Print the table; 0 where everything is as the choice's list says."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("stack", help="the name of a stack that is up")
    parser.add_argument("--write", action="store_true", help="put the table into docs/conformance.md")
    parsed = parser.parse_args(arguments)
    try:
        return _conformance(parsed.stack, write=parsed.write)
    except Problem as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def _conformance(stack: str, *, write: bool) -> int:
    told = outputs(stack)
    if write and told["registry"] != "embedded":
        raise Problem("docs/conformance.md has the table of the embedded registry alone")
    address = told["address"]
    known = Path(__file__).with_name(f"{told['registry']}.txt")
    results = Path(tempfile.mkdtemp(prefix="hero-conformance-"))
    verdict = run(
        address,
        told["pusherUsername"],
        told["pusherPassword"],
        known,
        below=told["repository"].removeprefix(f"{address}/"),
        ca_certificate=told.get("caCertificate") or "",
        may_delete=told["registry"] in MAY_DELETE,
        results=results,
    )
    print(report(verdict))  # noqa: T201 - this speaks to a terminal
    if write and verdict.good:
        write_table("conformance", report(verdict), CONFORMANCE)
    say(f"the suite's own reports are in {results}")
    if not verdict.good:
        say(f"this is not what {known.relative_to(ROOT)} says")
    return 0 if verdict.good else 1


def outputs(stack: str) -> dict[str, Any]:
    """All that the stack tells, the pusher's password with it; it stays in this process and the suite's."""
    command = [str(ROOT / "pulumiw"), "stack", "output", "--stack", stack, "--show-secrets", "--json"]
    ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(ended.stdout) if ended.returncode == 0 else {}
    if "address" not in told:
        raise Problem(f"stack {stack} is not up; `make up STACK={stack}` builds it")
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
