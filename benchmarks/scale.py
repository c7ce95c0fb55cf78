"""`make scale`: how time and memory grow with a stack, under the real engine with stand-ins for the providers.

What the providers themselves would take is not in it: it is what Pulumi, its language host and our program take. Where
the state is in a file, Pulumi writes the whole of it after every step, so that a kill at any point loses nothing. How
much of an `up` that is shows in another `up` that saves the state once, at its end; nobody should run that one
in earnest.
"""

# matplotlib leaves some of its types open.
# pyright: reportUnknownMemberType=false

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

from tests.engine.house import House, new_house
from tools.places import ROOT
from tools.readme import write_table

mpl.use("svg")
# So that the same figures make the same file.
mpl.rcParams["svg.hashsalt"] = "hero"
from matplotlib import pyplot as plt  # noqa: E402 - it asks at once for what draws

COUNTS = [int(count) for count in os.environ.get("COUNTS", "25,50,100,200").split(",")]
RESOURCES_EACH = {"projects": 3, "images": 2}
PICTURE = ROOT / "docs" / "pictures" / "scale.svg"
MEBIBYTE_IN_KIBIBYTES = 1024
SAVED_ONCE = "up, state saved once"
# https://www.pulumi.com/docs/iac/cli/environment-variables/
WITHOUT_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
VERBS = ("preview", "up", "unchanged preview", SAVED_ONCE)


@dataclass(frozen=True)
class Measured:
    """One command on one stack; `memory` is that of the largest of its processes, in MiB."""

    program: str
    count: int
    verb: str
    seconds: float
    memory: float

    @property
    def resources(self) -> int:
        """How many the stack has beside the few that do not grow."""
        return self.count * RESOURCES_EACH[self.program]


def main() -> None:
    """Measure, print the table and draw the curve; with --write, update docs/benchmarks.md."""
    measured = [each for program in RESOURCES_EACH for count in COUNTS for each in measure(program, count)]
    table = "\n".join(rows(measured))
    print(table)
    draw(measured)
    if "--write" in sys.argv:
        write_table("scale", table)


def measure(program: str, count: int) -> Iterator[Measured]:
    """A first preview, a first `up`, a preview with nothing to do, and a first `up` that saves the state once."""
    with tempfile.TemporaryDirectory() as folder:
        house = new_house(Path(folder), {})
        (house.path / "benchmarks").symlink_to(ROOT / "benchmarks")
        (house.path / "__main__.py").write_text("from benchmarks.scale_programs import main\n\nmain()\n")
        config = {"scale:program": program, "scale:count": str(count)}
        (house.path / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
        up = ("up", "--yes", "--skip-preview")
        yield Measured(program, count, "preview", *timed(house, "preview"))
        yield Measured(program, count, "up", *timed(house, *up))
        yield Measured(program, count, "unchanged preview", *timed(house, "preview"))
        house.destroy()
        house.environment.update(WITHOUT_CHECKPOINTS)
        yield Measured(program, count, SAVED_ONCE, *timed(house, *up))
        house.plugins.close()


def timed(house: House, *words: str) -> tuple[float, float]:
    """The seconds that a command took, and the memory of its largest process."""
    command = ["pulumi", *words, "--stack", house.stack, "--non-interactive", "--color", "never"]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=house.path, env=house.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        sys.exit(f"{' '.join(command)} failed:\n{process.stderr.read().decode() if process.stderr else ''}")
    return seconds, usage.ru_maxrss / MEBIBYTE_IN_KIBIBYTES


def rows(measured: list[Measured]) -> Iterator[str]:
    """The table: how long each command took, in all and per resource, as the stack doubles."""
    yield f"On {os.cpu_count()} cores, with stand-ins for the providers: seconds (milliseconds per resource)."
    yield ""
    yield f"| stack | resources | {' | '.join(VERBS)} | largest process of `up` |"
    yield f"| --- | ---: |{' ---: |' * (len(VERBS) + 1)}"
    by_key = {(each.program, each.count, each.verb): each for each in measured}
    for program, count in dict.fromkeys((each.program, each.count) for each in measured):
        each = [by_key[program, count, verb] for verb in VERBS]
        cells = [f"{one.seconds:.1f} ({1000 * one.seconds / one.resources:.0f})" for one in each]
        memory = by_key[program, count, "up"].memory
        yield f"| {count} {program} | {each[0].resources} | {' | '.join(cells)} | {memory:.0f} MiB |"


def draw(measured: list[Measured]) -> None:
    """One curve for each command, of time and of memory."""
    figure = plt.figure(figsize=(10, 4), layout="constrained")
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    for program in RESOURCES_EACH:
        for verb in ("preview", "up", SAVED_ONCE):
            points = sorted(
                (m.resources, m.seconds, m.memory) for m in measured if (m.program, m.verb) == (program, verb)
            )
            resources, seconds, memory = zip(*points, strict=True)
            left.plot(resources, seconds, marker="o", label=f"{verb}, {program}")
            right.plot(resources, memory, marker="o", label=f"{verb}, {program}")
    left.set(title="seconds", xlabel="resources", ylim=0, xlim=0)
    right.set(title="MiB of the largest process", xlabel="resources", ylim=0, xlim=0)
    left.legend()
    figure.savefig(str(PICTURE), metadata={"Date": None})


if __name__ == "__main__":
    main()
