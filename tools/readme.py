"""Measured tables in the README, each between two marks, so that a command can write them again."""

from __future__ import annotations

import re

from tools.places import ROOT

README = ROOT / "README.md"


def write_table(name: str, table: str) -> None:
    """Put the table between `<!-- NAME -->` and `<!-- /NAME -->`."""
    marked = re.compile(rf"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    README.write_text(marked.sub(lambda found: f"{found[1]}{table.strip()}\n{found[2]}", README.read_text()))
