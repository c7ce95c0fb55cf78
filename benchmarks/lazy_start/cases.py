"""What is measured, and what was: each start is a line of `measured.json`, from which table and picture are made."""

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.lazy_start.start import Start

MEASURED = Path(__file__).parent / "measured.json"


@dataclass(frozen=True, order=True)
class Case:
    """An image and a link; where the link's megabits are 0, nothing holds it back."""

    megabytes: int
    megabits: int

    @property
    def image(self) -> str:
        """As people write it."""
        return f"{self.megabytes // 1000} GB" if self.megabytes % 1000 == 0 else f"{self.megabytes} MB"

    @property
    def link(self) -> str:
        """As people write it."""
        if not self.megabits:
            return "not throttled"
        return f"{self.megabits // 1000} Gbit/s" if self.megabits % 1000 == 0 else f"{self.megabits} Mbit/s"


class Form(StrEnum):
    """How the image is in the registry; and, as Nydus, which of its files nydusd fetches before anybody reads them."""

    OCI = "oci"
    NOTHING_AHEAD = "nothing ahead"
    NEEDED_AHEAD = "what it needs ahead"
    ALL_AHEAD = "all ahead"
    ALL_AFTERWARDS = "what it needs, then all ahead"


LAZY = [form for form in Form if form is not Form.OCI]


@dataclass(frozen=True)
class Outcome:
    """All starts of a case, in every form."""

    case: Case
    starts: dict[Form, list[Start]]

    def median(self, form: Form, what: Callable[[Start], float]) -> float:
        """Of one figure of each start."""
        return statistics.median(what(start) for start in self.starts[form])

    def faster(self, form: Form) -> float:
        """How many times sooner than OCI it is ready."""
        return self.median(Form.OCI, ready) / self.median(form, ready)

    def share(self, form: Form, came: Callable[[Start], float]) -> float:
        """Of the bytes of the image, those that came until then; some come twice, and more than files comes."""
        return self.median(form, came) / (self.case.megabytes * 10**6)

    def everything(self, form: Form) -> float:
        """How much longer than OCI it takes where everything is read in the end; below 1 it takes less."""
        return self.median(form, done) / self.median(Form.OCI, done)


def ready(start: Start) -> float:
    """Seconds."""
    return start.ready


def done(start: Start) -> float:
    """Seconds."""
    return start.done


def before_ready(start: Start) -> float:
    """Bytes."""
    return start.bytes_ready


def in_the_end(start: Start) -> float:
    """Bytes."""
    return start.bytes_done


def remember(outcome: Outcome) -> None:
    """In place of what was measured of this case before."""
    others = [other for other in remembered() if other.case != outcome.case]
    lines = [
        json.dumps({**asdict(each.case), "form": form, **asdict(start)})
        for each in sorted([*others, outcome], key=lambda each: each.case)
        for form, starts in each.starts.items()
        for start in starts
    ]
    MEASURED.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def remembered() -> list[Outcome]:
    """All that was measured."""
    if not MEASURED.exists():
        return []
    outcomes: dict[Case, Outcome] = {}
    for line in json.loads(MEASURED.read_text()):
        case = Case(line.pop("megabytes"), line.pop("megabits"))
        outcome = outcomes.setdefault(case, Outcome(case, {form: [] for form in Form}))
        outcome.starts[Form(line.pop("form"))].append(Start(**line))
    return list(outcomes.values())
