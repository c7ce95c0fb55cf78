"""Progress that moves: a bar at a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

WIDTH = 30
SECONDS_BETWEEN_LINES = 5.0


def say(text: str) -> None:
    """One line on stderr, so that what Pulumi prints on stdout stays clean."""
    print(f"pulumiw: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(label: str) -> Generator[Bar]:
    """Show a bar while the step goes on, and how long it took when it has succeeded."""
    started = time.monotonic()
    bar = Bar(label)
    bar.show()
    try:
        yield bar
    finally:
        bar.clear()
    say(f"{label}: done in {time.monotonic() - started:.1f} s")


class Bar:
    """How much of one step is done; without a total, only that it goes on."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._last_line = 0.0
        self.done = 0
        self.total = 0
        self.note = ""

    def advance(self, note: str) -> None:
        """One more is done."""
        self.done += 1
        self.note = note
        self.show()

    def show(self) -> None:
        """Draw the bar, or print a line if the last one was long enough ago."""
        now = time.monotonic()
        if not self._terminal and now - self._last_line < SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        if self._terminal:
            print(f"\r\033[K{self._text()[:110]}", end="", file=sys.stderr, flush=True)
        else:
            say(self._text())

    def clear(self) -> None:
        """Leave the line to whatever is printed next."""
        if self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _text(self) -> str:
        seconds = f"{time.monotonic() - self._started:.0f} s"
        if not self.total:
            return f"{self._label}: {seconds} {self.note}".rstrip()
        share = min(self.done / self.total, 1.0)
        drawn = "#" * round(WIDTH * share)
        return f"{self._label}: [{drawn:<{WIDTH}}] {self.done}/{self.total}, {seconds} {self.note}".rstrip()
