"""A link of a given speed between a node and the registry."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from tools.node.machines import Machine
from tools.node.programs import Programs
from tools.node.talk import hear, tell


@dataclass(frozen=True)
class Link:
    """It counts what comes from the registry, HTTP's own words among it."""

    address: str
    process: "subprocess.Popen[str]"

    @property
    def passed(self) -> int:
        """The bytes that have come from the registry so far."""
        tell(self.process, "passed")
        return int(hear(self.process))


@contextmanager
def new_link(
    programs: Programs, registry: str, megabits: int, listen: str = "", *, inside: Machine | None = None
) -> Generator[Link]:
    """A link to the registry; where the speed is 0, as fast as this machine copies."""
    command = [programs["link"], registry, str(megabits), *([listen] if listen else [])]
    if inside:
        command = inside.inside(*command)
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Link(hear(process), process)
        finally:
            process.kill()
