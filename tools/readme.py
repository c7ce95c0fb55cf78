"""Tables in the README and in docs/, each between two marks, so that a command can write them again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"


def write_table(name: str, table: str, file: Path = README) -> None:
    """Put the table between `<!-- NAME -->` and `<!-- /NAME -->`."""
    marked = re.compile(rf"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    file.write_text(marked.sub(lambda found: f"{found[1]}{table.strip()}\n{found[2]}", file.read_text()))
