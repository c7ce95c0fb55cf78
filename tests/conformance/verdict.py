"""What the suite found, held against what is known to fail."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ENTRY = re.compile(r"(?P<name>.+?)(?: \((?P<times>\d+) times\))?")


@dataclass(frozen=True)
class Result:
    """One check of the suite. Several have the same name: one for each blob, manifest or tag of their group."""

    name: str
    status: Literal["passed", "failed", "skipped"]
    reason: str = ""

    @property
    def group(self) -> str:
        """What was under test; the part of the name behind the suite's own."""
        return self.name.partition("/")[2].partition("/")[0]


@dataclass(frozen=True)
class Verdict:
    """All that was found, and what of it was not expected."""

    results: tuple[Result, ...]
    new: tuple[Result, ...]
    """Failed, and not listed."""
    mended: tuple[str, ...]
    """Listed, and not failing; once for each time."""

    @property
    def good(self) -> bool:
        """Whether everything was as the list says."""
        return not self.new and not self.mended


def read_known(file: Path) -> Counter[str]:
    """How often each name may fail. A choice without a list may fail nothing."""
    if not file.exists():
        return Counter()
    known: Counter[str] = Counter()
    for line in map(str.strip, file.read_text().splitlines()):
        entry = ENTRY.fullmatch(line)
        if entry and not line.startswith("#"):
            known[entry["name"]] += int(entry["times"] or 1)
    return known


def judge(results: Iterable[Result], known: Counter[str]) -> Verdict:
    """Each failure uses up one entry of the list: one too many is new, and one left over is to be taken out."""
    found = tuple(results)
    left = known.copy()
    new: list[Result] = []
    for result in found:
        if result.status != "failed":
            continue
        if left[result.name]:
            left[result.name] -= 1
        else:
            new.append(result)
    return Verdict(found, tuple(new), tuple(left.elements()))
