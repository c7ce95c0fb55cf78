"""Runs a program at this terminal and passes on to it what this process is told by signals."""

from __future__ import annotations

import signal
import subprocess
import sys


def end_tidily_when_told_to() -> None:
    """On SIGTERM, end as Ctrl-C does: with what is unfinished cleared away. The exit code is the shell's custom."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def run_in_front(command: list[str], environment: dict[str, str]) -> int:
    """Run the command until it ends; returns its exit code, negative where a signal has ended it."""
    # Ctrl-C reaches the command by itself, which is the one to end gracefully. A handler, unlike SIG_IGN, is not
    # handed down to it.
    interrupted = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _: object) -> None:
        if started:
            started[0].send_signal(number)
        else:
            early.append(number)

    # Before the start: a request that comes just then would end this process alone and leave the command behind.
    told_to_end = signal.signal(signal.SIGTERM, pass_on)
    process = subprocess.Popen(command, env=environment)
    started.append(process)
    for number in early:
        process.send_signal(number)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, told_to_end)
