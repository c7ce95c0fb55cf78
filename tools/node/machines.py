"""Machines beside this one: namespaces for mounts and processes, and where it is asked for a network, of their own.

Whatever happens, the system itself ends their processes and takes away their mounts when the first process ends.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.problem import Problem

SECONDS_TO_START = 20
SECONDS_TO_END = 20
# What hangs ends then, whoever waits for it.
SECONDS_TO_LIVE = 1200
STARTED: set["subprocess.Popen[bytes]"] = set()
APART = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclass(frozen=True)
class Machine:
    """A folder of its own, and the process whose end is the machine's."""

    folder: Path
    first: int
    namespace: Path

    def inside(self, *command: str) -> list[str]:
        """The command that runs another one there."""
        return ["nsenter", f"--target={self.first}", "--mount", "--pid", "--net", "--", *command]

    def start(self, name: str, *command: str, **environment: str) -> "subprocess.Popen[bytes]":
        """A process there, which writes into a file of its own."""
        with (self.folder / f"{name}.log").open("a") as log:
            return subprocess.Popen(
                self.inside(*command),
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_for(self, name: str, is_there: Callable[[], bool], patience: int = SECONDS_TO_START) -> None:
        """Until it does what it was started for."""
        deadline = time.monotonic() + patience
        while not is_there():
            if time.monotonic() > deadline:
                raise Problem(f"{name} did not start:\n{self.words(name)}")
            time.sleep(0.05)

    def words(self, name: str) -> str:
        """The last of what one of its processes has said."""
        file = self.folder / f"{name}.log"
        return "\n".join(file.read_text().splitlines()[-12:]) if file.exists() else ""


@contextmanager
def new_place(prefix: str, *, network: bool = False, seconds: int = SECONDS_TO_LIVE) -> Generator[Machine]:
    """A machine where nothing runs yet; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
    command = [APART[0], *(["--net"] if network else []), *APART[1:]]
    try:
        with subprocess.Popen([*command, "sleep", str(seconds)]) as parent:
            STARTED.add(parent)
            try:
                first = Path(f"/proc/{first_process(parent.pid)}")
                yield Machine(folder, int(first.name), (first / "ns" / "pid").readlink())
            finally:
                parent.kill()
                STARTED.discard(parent)
    finally:
        remove(folder)


def end_all() -> None:
    """For whoever is interrupted while other threads wait for what happens on their machines."""
    for parent in list(STARTED):
        parent.kill()


def first_process(parent: int) -> int:
    """The one whose end is the end of the namespaces."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        for child in children.read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "sleep":
                return int(child)
        time.sleep(0.02)
    raise Problem("no namespaces for mounts and processes can be made here")


def remove(folder: Path) -> None:
    """The last of the processes may still be on their way out, and their mounts with them."""
    deadline = time.monotonic() + SECONDS_TO_END
    while folder.exists():
        if time.monotonic() > deadline:
            raise Problem(f"{folder} cannot be removed")
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)


def write(file: Path, text: str) -> None:
    """For nobody else to read: there are passwords in some of them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)


def quietly(command: list[str], told: str = "") -> None:
    """Run it; what fails is told in its own words."""
    ended = subprocess.run(command, capture_output=True, text=True, input=told, check=False)
    if ended.returncode != 0:
        raise Problem(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")


def processes(machine: Machine, name: str) -> list[int]:
    """Those of the machine that are called so, as this machine numbers them."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            there = (entry / "ns" / "pid").readlink() == machine.namespace
            if there and (entry / "comm").read_text().strip() == name[:15]:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def kill(machine: Machine, name: str) -> None:
    """End what is called so, as a crash would."""
    for process in processes(machine, name):
        os.kill(process, signal.SIGKILL)
