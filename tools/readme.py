"""Write generated tables into the pages of the documentation, each between two marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BENCHMARKS = ROOT / "docs" / "benchmarks.md"
CONFORMANCE = ROOT / "docs" / "conformance.md"


def write_table(name: str, table: str, file: Path = BENCHMARKS) -> None:
    """Replace the text between `<!-- NAME -->` and `<!-- /NAME -->` in the file by the table."""
    marked = re.compile(rf"(<!-- {name} -->\n).*(<!-- /{name} -->)", re.DOTALL)
    file.write_text(marked.sub(lambda found: f"{found[1]}{table.strip()}\n{found[2]}", file.read_text()))
