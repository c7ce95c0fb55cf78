"""Two commands timed in turn, so that a machine whose speed drifts is as unfair to one as to the other."""

# matplotlib leaves some of its types open.
# pyright: reportUnknownMemberType=false
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
# So that the same figures make the same file.
mpl.rcParams["svg.hashsalt"] = "hero"
from matplotlib import pyplot as plt  # noqa: E402 - it asks at once for what draws

WARM_UPS = 1


@dataclass(frozen=True)
class Pair:
    """The seconds that each run of the two took."""

    what: str
    against: str
    at_most: str
    """What the ratio is to be, where anything was said of it."""
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def row(self) -> str:
        """Return a row of the table in docs/benchmarks.md."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return (
            f"| {self.what} | {ours:.2f} s | {self.against} | {theirs:.2f} s | **{self.ratio:.2f}** | {self.at_most} |"
        )


def in_turn(
    what: str, ours: Callable[[], object], against: str, theirs: Callable[[], object], at_most: str, runs: int
) -> Pair:
    """Time both, A B A B …, after a warm-up of each."""
    pair = Pair(what, against, at_most, [], [])
    for run in range(-WARM_UPS, runs):
        for command, seconds in ((ours, pair.ours), (theirs, pair.theirs)):
            started = time.perf_counter()
            command()
            taken = time.perf_counter() - started
            if run >= 0:
                seconds.append(taken)
        print(f"  run {run + 1} of {runs}", end="\r", file=sys.stderr, flush=True)
    return pair


def table(rows: Iterable[str], runs: int) -> str:
    """What a page has of them."""
    head = (
        f"Medians of {runs} runs each, taken in turn, on {os.cpu_count()} cores:",
        "",
        "| what | takes | against | takes | ratio | at most |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    )
    return "\n".join([*head, *rows])


def draw(pairs: list[Pair], picture: Path) -> None:
    """A bar for each of the two, with a dot for each run; what is drawn first is on top."""
    figure = plt.figure(figsize=(10, 0.6 + 0.9 * len(pairs)), layout="constrained")
    axes = figure.add_subplot()
    for place, pair in enumerate(pairs):
        for shift, name, seconds, color in (
            (-0.18, pair.what, pair.ours, "C0"),
            (0.18, pair.against, pair.theirs, "C7"),
        ):
            axes.barh(place + shift, statistics.median(seconds), height=0.34, color=color, alpha=0.6)
            axes.plot(seconds, [place + shift] * len(seconds), ".", color=color)
            axes.annotate(name.replace("`", ""), (0.02, place + shift), va="center", fontsize=8)
        axes.annotate(
            f"{pair.ratio:.2f} x",
            (max(*pair.ours, *pair.theirs), place),
            (8, 0),
            va="center",
            textcoords="offset points",
            weight="bold",
        )
    longest = max(second for pair in pairs for second in (*pair.ours, *pair.theirs))
    axes.set(xlabel="seconds", yticks=[], xlim=(0, 1.1 * longest))
    axes.invert_yaxis()
    figure.savefig(str(picture), metadata={"Date": None})
    plt.close(figure)
