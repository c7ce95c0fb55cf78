"""Progress that moves: a bar at a terminal, a line now and then in a log."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

WIDTH = 20
SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_LOOKS = 0.2


def say(text: str) -> None:
    """One line on stderr, so that what Pulumi prints on stdout stays clean."""
    print(f"pulumiw: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(label: str) -> Generator[Bar]:
    """Show a bar while the step goes on, and how long it took when it has succeeded."""
    started = time.monotonic()
    bar = Bar(label)
    over = threading.Event()
    # The time moves by itself, since some steps are silent for a minute.
    clock = threading.Thread(target=bar.show_until, args=(over,), daemon=True)
    clock.start()
    try:
        yield bar
    finally:
        over.set()
        clock.join()
        bar.clear()
    say(f"{label}: done in {time.monotonic() - started:.1f} s")


class Bar:
    """How much of one step is done; without a total, only that it goes on."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._last_line = float("-inf")
        self._drawing = threading.Lock()
        self.done = 0
        self.total = 0
        self.note = ""

    def advance(self, note: str) -> None:
        """One more is done."""
        self.done += 1
        self.note = note
        self.show()

    def show_until(self, over: threading.Event) -> None:
        """Show it again and again."""
        while True:
            self.show()
            if over.wait(SECONDS_BETWEEN_LOOKS):
                return

    def show(self) -> None:
        """Draw the bar, or print a line if the last one was long enough ago."""
        with self._drawing:
            now = time.monotonic()
            if self._terminal:
                # The terminal's last column stays free: what reaches it would begin another line.
                text = self._text()[: shutil.get_terminal_size().columns - 1]
                print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            elif now - self._last_line >= SECONDS_BETWEEN_LINES:
                self._last_line = now
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
        return f"{self._label}: {self.done}/{self.total} [{drawn:<{WIDTH}}] {seconds} {self.note}".rstrip()
