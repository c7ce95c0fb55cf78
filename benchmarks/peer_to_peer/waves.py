"""What is measured, and what was: each time that nodes pulled an image at once is a line of `measured.json`."""

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

MEASURED = Path(__file__).parent / "measured.json"


@dataclass(frozen=True)
class Wave:
    """Nodes that pull an image at once; what ends meanwhile, or has ended before."""

    clients: int
    way: str
    seconds: float
    """Until the last of them has it, unpacked."""
    image: int
    """Its bytes, as the registry has them."""
    passed: int
    """The bytes that came from the registry."""
    megabits: int
    ended: str = ""

    @property
    def times(self) -> float:
        """How often the image came from the registry."""
        return self.passed / self.image


def median(waves: list[Wave], clients: int, way: str, what: Callable[[Wave], float]) -> float:
    """Of one figure of each wave in which nothing ended."""
    return statistics.median(what(each) for each in waves if (each.clients, each.way, each.ended) == (clients, way, ""))


def remember(waves: list[Wave]) -> None:
    """In place of what was measured before."""
    MEASURED.write_text("[\n" + ",\n".join(json.dumps(asdict(each)) for each in waves) + "\n]\n")


def remembered() -> list[Wave]:
    """All that was measured."""
    return [Wave(**line) for line in json.loads(MEASURED.read_text())] if MEASURED.exists() else []
