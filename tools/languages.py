"""`python3 -S -m tools.languages LANGUAGE` makes sure that a language's host is there, and prints its folder.

Pulumi's own archive has the hosts of all languages beside the CLI; the CLI that is built from source has only ours for
Python. What is here is for programs that take package/ in another language.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.cli import ensure_cli
from tools.go import build, ensure_go
from tools.packages import ensure_packages
from tools.places import ROOT, on_path
from tools.problem import Problem
from tools.wrapper import plainly

MODULE = ROOT / "tools" / "languages"
HOSTS = {
    "go": "./golang",
    "nodejs": "./nodejs",
    "yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
}


def main(names: list[str]) -> int:
    """Print where the host is."""
    if len(names) != 1 or names[0] not in HOSTS:
        raise Problem(f"name one language: python3 -S -m tools.languages {' | '.join(HOSTS)}")
    print(ensure_host(names[0]))
    return 0


def ensure_host(language: str) -> Path:
    """The folder of the one beside the CLI or on PATH, else of a build of the pinned one."""
    go = ensure_go(ensure_packages())
    name = f"pulumi-language-{language}"
    beside = ensure_cli(go) / name
    found = beside if beside.exists() else on_path(name)
    return found.parent if found else build(go, MODULE, HOSTS[language], name)


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
