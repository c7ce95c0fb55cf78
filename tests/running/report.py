"""The times of a run, as a line and as a table."""

import os
from dataclasses import dataclass

from tests.running.progress import in_words


@dataclass(frozen=True)
class Times:
    """What one run took."""

    name: str
    seconds: float
    cpu: float
    load: float
    """The load average at the start: other programs that run make the wall time longer."""
    code: int


def total(times: Times) -> str:
    """Return the last line of a run."""
    ended = "passed" if times.code == 0 else "FAILED"
    wall, cpu = in_words(times.seconds), in_words(times.cpu)
    return f"{times.name}: {ended} in {wall}, {cpu} of CPU, load {times.load:.1f} before"


def table(measured: list[Times]) -> str:
    """Return a table in Markdown, one row for each run and one for all."""
    rows = [(each.name, each.seconds, each.cpu, f"{each.load:.1f}") for each in measured]
    rows.append(("all", sum(each.seconds for each in measured), sum(each.cpu for each in measured), ""))
    cpus = len(os.sched_getaffinity(0))
    lines = [f"| form | wall time on {cpus} CPUs | CPU time | load before |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {name} | {in_words(wall)} | {in_words(cpu)} | {load} |" for name, wall, cpu, load in rows]
    return "\n".join(lines)
