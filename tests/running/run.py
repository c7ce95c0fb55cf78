"""One run of pytest, with the Go tests beside it, and what it took."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field

from tests.checkout import ROOT
from tests.running.go_tests import GoTests
from tests.running.report import Times

NO_TESTS = 5
"""pytest's exit code where nothing was selected."""


@dataclass(frozen=True)
class Run:
    """What is run."""

    name: str
    paths: list[str]
    options: list[str] = field(default_factory=list[str])
    with_go: bool = False

    @property
    def pytest(self) -> list[str]:
        """The command; none where only Go tests are run."""
        if not self.paths:
            return []
        workers = ["--numprocesses", str(workers_of()), "--dist", "load", "--maxschedchunk", "1", "--progress"]
        alone = self.name in ("one", "list")
        return [sys.executable, "-m", "pytest", *([] if alone else workers), *self.options, *self.paths]


def workers_of() -> int:
    """Return the number of workers: two for each CPU, since a test waits for processes half of its time."""
    return int(os.environ.get("HERO_TEST_WORKERS") or 2 * len(os.sched_getaffinity(0)))


def run(plan: Run) -> Times:
    """Run pytest in the foreground and the Go tests behind it."""
    load, started, used = os.getloadavg()[0], time.monotonic(), cpu_seconds()
    go = GoTests().start() if plan.with_go else None
    try:
        codes = [_pytest(plan)]
        if go is not None:
            codes.append(go.finish())
    finally:
        if go is not None:
            go.stop()
    return Times(plan.name, time.monotonic() - started, cpu_seconds() - used, load, max(codes))


def _pytest(plan: Run) -> int:
    if not plan.pytest:
        return 0
    process = subprocess.Popen(plan.pytest, cwd=ROOT)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # pytest has it from the terminal too, and ends what it has started.
        code = process.wait()
    return 0 if code == NO_TESTS and plan.name in ("rest", "changed") else abs(code)


def cpu_seconds() -> float:
    """Return the CPU time of all processes that were started here and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
