"""Dragonfly's tables and its picture."""

# matplotlib leaves some of its types open.
# pyright: reportUnknownMemberType=false

from collections.abc import Iterator

import matplotlib as mpl

from benchmarks.peer_to_peer.client import PLAIN, SHARED
from benchmarks.peer_to_peer.waves import Wave, median
from tools.places import ROOT

mpl.use("svg")
# So that the same figures make the same file.
mpl.rcParams["svg.hashsalt"] = "hero"
from matplotlib import pyplot as plt  # noqa: E402 - it asks at once for what draws

PICTURE = ROOT / "docs" / "pictures" / "peer-to-peer.svg"
LABELS = {PLAIN: "from the registry", SHARED: "by Dragonfly"}


def seconds(wave: Wave) -> float:
    """Until the last one had it."""
    return wave.seconds


def times(wave: Wave) -> float:
    """How often the image came from the registry."""
    return wave.times


def counts(waves: list[Wave]) -> list[int]:
    """How many nodes there were."""
    return sorted({each.clients for each in waves if not each.ended})


def rows(waves: list[Wave]) -> Iterator[str]:
    """A line for each number of nodes."""
    yield "| nodes | from the registry | came from there | by Dragonfly | came from there | times faster |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for clients in counts(waves):
        plain, shared = (median(waves, clients, way, seconds) for way in LABELS)
        cells = [
            str(clients),
            f"{plain:.1f} s",
            f"{median(waves, clients, PLAIN, times):.2f} times",
            f"{shared:.1f} s",
            f"**{median(waves, clients, SHARED, times):.2f} times**",
            f"**{plain / shared:.1f}**",
        ]
        yield f"| {' | '.join(cells)} |"


def troubles(waves: list[Wave]) -> Iterator[str]:
    """A line for each pull during which something ended, or before which it had."""
    yield "| what was killed | nodes that pulled | took | the image came from the registry |"
    yield "| --- | ---: | ---: | ---: |"
    for wave in waves:
        if wave.ended:
            yield f"| {wave.ended} | {wave.clients} | {wave.seconds:.1f} s | {wave.times:.2f} times |"


def draw(waves: list[Wave]) -> None:
    """Seconds and bytes by the number of nodes."""
    figure = plt.figure(figsize=(10, 4), layout="constrained")
    shown = (("seconds until the last node has it", seconds), ("times the image came from the registry", times))
    for position, (title, what) in enumerate(shown):
        axes = figure.add_subplot(1, 2, position + 1)
        for way, label in LABELS.items():
            points = [median(waves, clients, way, what) for clients in counts(waves)]
            axes.plot(counts(waves), points, marker="o", label=label)
        axes.set(title=title, xlabel="nodes that pull at once", xlim=0, ylim=0, xticks=counts(waves))
        axes.grid(visible=True, axis="y", alpha=0.3)
        if position == 0:
            axes.legend()
    figure.savefig(str(PICTURE), metadata={"Date": None})
    plt.close(figure)
