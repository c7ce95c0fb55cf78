"""Two commands timed in turn, so that a machine whose speed drifts is as unfair to one as to the other."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

WARM_UPS = 1


@dataclass(frozen=True)
class Pair:
    """The seconds that each run of the two took."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def row(self, what: str, against: str, bound: str) -> str:
        """A line of the README's table."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return f"| {what} | {ours:.2f} s | {against} | {theirs:.2f} s | **{self.ratio:.2f}** | {bound} |"


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], runs: int) -> Pair:
    """Time both, A B A B …, after a warm-up of each."""
    pair = Pair([], [])
    for run in range(-WARM_UPS, runs):
        for command, seconds in ((ours, pair.ours), (theirs, pair.theirs)):
            started = time.perf_counter()
            command()
            taken = time.perf_counter() - started
            if run >= 0:
                seconds.append(taken)
        print(f"  run {run + 1} of {runs}", end="\r", file=sys.stderr, flush=True)
    return pair
