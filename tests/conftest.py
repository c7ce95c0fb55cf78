"""What holds for every tier."""

import signal

import pytest

from tests.engine.soak import LONG_RUN, POINTS

pytest_plugins = ("tests.running.durations", "tests.running.selection", "tests.running.progress")

# Whoever starts the tests in the background has SIGINT ignored, and all that they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many points of failure a long run has tried."""
    if LONG_RUN:
        tried = {
            outcome: sum(
                any(point in report.nodeid for point in POINTS)
                for report in terminalreporter.getreports(outcome)
                if getattr(report, "when", "call") == "call"
            )
            for outcome in ("passed", "failed")
        }
        terminalreporter.write_line(
            f"soak: {sum(tried.values())} kills and truncations, {tried['failed']} of which needed a hand"
        )
