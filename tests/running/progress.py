"""One line that says how many tests are done, how many are left, and for how long: `--progress`."""

import time
from typing import Any, cast

import pytest

from tests.running.durations import DURATIONS, Durations
from tests.running.selection import expected

SECONDS_BETWEEN_LINES = 15.0
"""Between two lines in a log, which cannot be written over as a terminal can."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--progress", action="store_true", help="show a line that says how much is left")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Show the line where the reports of all workers arrive."""
    if config.getoption("progress") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Progress(config), "hero-progress")


class Estimate:
    """How much is left, by what each test took the last time."""

    def __init__(self, nodeids: list[str], durations: Durations) -> None:
        self._weights = {nodeid: max(expected(nodeid, durations), 0.01) for nodeid in nodeids}
        self._all = sum(self._weights.values())
        self._done: dict[str, float] = {}

    def finish(self, nodeid: str) -> None:
        """Count a test as done."""
        self._done[nodeid] = self._weights.get(nodeid, 0.0)

    @property
    def total(self) -> int:
        """The number of tests."""
        return len(self._weights)

    @property
    def done(self) -> int:
        """The number of tests that have ended."""
        return len(self._done)

    def seconds_left(self, elapsed: float) -> float | None:
        """Return the seconds until the end at the rate so far; None before anything is known."""
        weight = sum(self._done.values())
        return elapsed * (self._all - weight) / weight if weight else None


class Progress:
    """Writes the line, instead of pytest's dots."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._estimate = Estimate([], {})
        self._started = self._written = time.monotonic()
        self._failed = 0

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Begin to count; every worker has collected the same tests."""
        if not self._estimate.total:
            self._begin(ids)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to count where there are no workers."""
        if session.items:
            self._begin([item.nodeid for item in session.items])

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Write no dot and no letter for a test that has ended."""
        if hasattr(report, "wasxfail"):
            return None
        if report.failed:
            return "failed" if report.when == "call" else "error", "", "FAILED"
        if report.skipped:
            return "skipped", "", "SKIPPED"
        return ("passed", "", "PASSED") if report.when == "call" else None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Name a failure at once, and write the line anew."""
        if report.failed:
            self._failed += 1
            self._terminal.ensure_newline()
            self._terminal.write_line(f"FAILED {report.nodeid} ({report.when})", red=True)
        if report.when == "teardown":
            self._estimate.finish(report.nodeid)
            self._write(report.nodeid)

    def _begin(self, nodeids: list[str]) -> None:
        self._estimate = Estimate(nodeids, self._config.stash[DURATIONS])
        self._started = time.monotonic()

    def _write(self, nodeid: str) -> None:
        line = text(self._estimate, self._failed, time.monotonic() - self._started)
        if self._terminal.isatty:
            room = max(self._terminal._tw.fullwidth - len(line) - 3, 0)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            self._terminal.rewrite(f"{line}: {nodeid[:room]}" if room else line, erase=True)
        elif time.monotonic() - self._written > SECONDS_BETWEEN_LINES or self._estimate.done == self._estimate.total:
            self._written = time.monotonic()
            self._terminal.write_line(line)

    @property
    def _terminal(self) -> pytest.TerminalReporter:
        found: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        return cast("pytest.TerminalReporter", found)


def text(estimate: Estimate, failed: int, elapsed: float) -> str:
    """Return the line: tests done and left, failures, and the time until the end."""
    left = estimate.seconds_left(elapsed)
    share = 100 * estimate.done // max(estimate.total, 1)
    parts = [f"{estimate.done} of {estimate.total} tests ({share} %)"]
    parts += [f"{failed} failed"] if failed else []
    parts += [] if left is None else [f"{in_words(left)} left"]
    return ", ".join(parts)


def in_words(seconds: float) -> str:
    """Return a duration as people write it."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
