"""The Go tests, run beside pytest in the background; their output is printed when they end."""

import os
import subprocess
import tempfile
import time
from typing import IO

from tests.running.tiers import go_commands

SECONDS_FOR_ALL = 3600.0
"""A bound for what hangs; the first build on a new machine takes minutes."""


class GoTests:
    """One run of them."""

    def __init__(self, *options: str) -> None:
        """The options are those of `go test`."""
        self._options = options
        self._output: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `finish` closes it
        self._processes: list[subprocess.Popen[str]] = []
        self._started = time.monotonic()
        self.seconds = 0.0

    def start(self) -> "GoTests":
        """Start them."""
        environment = {**os.environ, "CGO_ENABLED": "0"}
        for directory, command in go_commands(*self._options):
            self._processes.append(
                subprocess.Popen(
                    command,
                    cwd=directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=self._output,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        return self

    def finish(self) -> int:
        """Wait for the end, print what they wrote, and return the exit code."""
        end = self._started + SECONDS_FOR_ALL
        try:
            codes = [process.wait(timeout=max(end - time.monotonic(), 0)) for process in self._processes]
        except subprocess.TimeoutExpired:
            print(f"go test timed out after {SECONDS_FOR_ALL} s", flush=True)
            self.stop()
            codes = [124]
        self.seconds = time.monotonic() - self._started
        self._output.seek(0)
        print(self._output.read(), end="", flush=True)
        self._output.close()
        return max(codes)

    def stop(self) -> None:
        """End what still runs."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
                process.wait()
