"""Render the table and the picture of lazy starts."""

# matplotlib leaves some of its types open.
# pyright: reportUnknownMemberType=false

import os
from collections.abc import Iterator

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from benchmarks.lazy_start.cases import Form, Outcome, before_ready, done, in_the_end, ready
from tools.places import ROOT

mpl.use("svg")
# So that the same figures make the same file.
mpl.rcParams["svg.hashsalt"] = "hero"
from matplotlib import pyplot as plt  # noqa: E402 - it asks at once for what draws

PICTURE = ROOT / "docs" / "pictures" / "lazy-start.svg"
COLORS = {
    Form.OCI: "tab:gray",
    Form.NOTHING_AHEAD: "tab:cyan",
    Form.NEEDED_AHEAD: "tab:blue",
    Form.ALL_AHEAD: "tab:orange",
    Form.ALL_AFTERWARDS: "tab:green",
}


def rows(outcomes: list[Outcome], forms: list[Form]) -> Iterator[str]:
    """A line for each image, link and form."""
    yield f"Medians on {os.cpu_count()} cores, from cold. The start needs 5 % of the image's bytes."
    yield ""
    yield (
        "| image | link | fetched ahead | ready, OCI | ready, Nydus | times faster | of the bytes before ready | "
        "all read, OCI | all read, Nydus | ratio | of the bytes in the end |"
    )
    yield "| --- | --- | --- |" + " ---: |" * 8
    for outcome in sorted(outcomes, key=lambda outcome: (outcome.case.megabytes, speed(outcome))):
        for form in forms:
            cells = [
                outcome.case.image,
                outcome.case.link,
                ahead(form),
                f"{outcome.median(Form.OCI, ready):.2f} s",
                f"{outcome.median(form, ready):.2f} s",
                f"**{outcome.faster(form):.1f}**",
                f"**{100 * outcome.share(form, before_ready):.2f} %**",
                f"{outcome.median(Form.OCI, done):.2f} s",
                f"{outcome.median(form, done):.2f} s",
                f"**{outcome.everything(form):.2f}**",
                f"{100 * outcome.share(form, in_the_end):.1f} %",
            ]
            yield f"| {' | '.join(cells)} |"


def ahead(form: Form) -> str:
    """What is fetched ahead, as table and picture name it."""
    return form.removesuffix(" ahead")


def speed(outcome: Outcome) -> float:
    """The slowest link comes first, and no throttle at all last."""
    return outcome.case.megabits or float("inf")


def by_form(axes: Axes) -> tuple[list[Artist], list[str]]:
    """What the legend explains: until ready above until everything is read, and so for each form."""
    lines, labels = axes.get_legend_handles_labels()
    order = [position for form in range(len(COLORS)) for position in (form, form + len(COLORS))]
    return [lines[position] for position in order], [labels[position] for position in order]


def draw(outcomes: list[Outcome]) -> None:
    """Seconds until ready and until everything is read, on a scale where a factor is a distance."""
    sizes = sorted({outcome.case.megabytes for outcome in outcomes})
    figure = plt.figure(figsize=(11, 5), layout="constrained")
    for position, megabytes in enumerate(sizes):
        shown = [outcome for outcome in outcomes if outcome.case.megabytes == megabytes]
        shown.sort(key=speed)
        axes = figure.add_subplot(1, len(sizes), position + 1)
        links = [outcome.case.link for outcome in shown]
        for name, until, style in (("ready", ready, "-"), ("all read", done, "--")):
            for form, color in COLORS.items():
                seconds = [outcome.median(form, until) for outcome in shown]
                label = f"OCI, {name}" if form is Form.OCI else f"Nydus, {ahead(form)}, {name}"
                axes.plot(links, seconds, marker="o", linestyle=style, color=color, label=label)
        axes.set(title=f"{shown[0].case.image}: seconds from cold", yscale="log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(visible=True, axis="y", alpha=0.3)
        if position == 0:
            # Once for all, and beside no line: a column for each form.
            figure.legend(
                *by_form(axes), loc="outside lower center", ncols=len(COLORS), fontsize="small", frameon=False
            )
    figure.savefig(str(PICTURE), metadata={"Date": None})
    plt.close(figure)
