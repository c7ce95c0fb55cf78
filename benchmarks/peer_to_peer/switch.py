"""A network of machines beside this one, which nothing outside of it reaches or is reached from."""

import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.lazy_start.link import Link, new_link
from tools.node.machines import Machine, new_place, quietly, write
from tools.node.programs import Programs

# For measurements, and nobody's: https://www.rfc-editor.org/rfc/rfc2544#appendix-C.2.2
NETWORK = "198.18.0"
SWITCH, REGISTRY_PORT = 1, 5000
SECONDS_TO_LIVE = 5400
# Dragonfly's parts make folders there whatever they are told; what is written there is the machine's own.
WRITTEN = ("/usr/local", "/var")
LISTENS = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"


@dataclass(frozen=True)
class Host:
    """A machine of the network."""

    machine: Machine
    address: str

    def listens(self, port: int, address: str = "127.0.0.1") -> bool:
        """Whether somebody listens there, as the machine itself sees it."""
        try:
            quietly(self.machine.inside(sys.executable, "-S", "-c", LISTENS, address, str(port)))
        except Exception:  # noqa: BLE001 - whatever it is, nobody does
            return False
        return True


class Switch:
    """What machines are plugged into; all of them go with it."""

    def __init__(self, stack: ExitStack, names: dict[str, int]) -> None:
        """The names are those by which machines know each other, each with the number of its machine."""
        self._stack = stack
        self._names = "".join(f"{NETWORK}.{number} {name}\n" for name, number in names.items())
        self._machine = stack.enter_context(new_place("switch", network=True, seconds=SECONDS_TO_LIVE))
        quietly(self._machine.inside("ip", "link", "set", "lo", "up"))
        quietly(self._machine.inside("ip", "link", "add", "name", "switch", "type", "bridge"))
        quietly(self._machine.inside("ip", "address", "add", f"{NETWORK}.{SWITCH}/24", "dev", "switch"))
        quietly(self._machine.inside("ip", "link", "set", "switch", "up"))

    def host(self, name: str, number: int) -> Host:
        """A machine with this number, plugged in."""
        machine = self._stack.enter_context(new_place(name, network=True, seconds=SECONDS_TO_LIVE))
        near, far, first = f"port{number}", f"host{number}", str(machine.first)
        quietly(
            self._machine.inside(
                "ip", "link", "add", "name", near, "master", "switch", "type", "veth", "peer", "name", far
            )
        )
        # Of this process's own numbers, which the machine's do not know.
        quietly(["nsenter", f"--target={self._machine.first}", "--net", "--", "ip", "link", "set", far, "netns", first])
        quietly(self._machine.inside("ip", "link", "set", near, "up"))
        address = f"{NETWORK}.{number}"
        quietly(machine.inside("ip", "link", "set", far, "name", "eth0"))
        quietly(machine.inside("ip", "link", "set", "lo", "up"))
        quietly(machine.inside("ip", "address", "add", f"{address}/24", "dev", "eth0"))
        quietly(machine.inside("ip", "link", "set", "eth0", "up"))
        quietly(machine.inside("ip", "route", "add", "default", "via", f"{NETWORK}.{SWITCH}"))
        for shared in WRITTEN:
            upper, work = machine.folder / "upper" / shared[1:], machine.folder / "work" / shared[1:]
            upper.mkdir(parents=True)
            work.mkdir(parents=True)
            options = f"lowerdir={shared},upperdir={upper},workdir={work}"
            quietly(machine.inside("mount", "-t", "overlay", "overlay", "-o", options, shared))
        write(machine.folder / "hosts", f"127.0.0.1 localhost\n{self._names}")
        quietly(machine.inside("mount", "--bind", str(machine.folder / "hosts"), "/etc/hosts"))
        return Host(machine, address)

    @contextmanager
    def link(self, programs: Programs, registry: str, megabits: int, port: int = REGISTRY_PORT) -> Generator[Link]:
        """The way to a registry that is on this machine, at `198.18.0.1:<port>` for all that are plugged in.

        It leads out of the network by a socket, since nothing else does.
        """
        socket, listen = str(self._machine.folder / f"{port}.sock"), f"{NETWORK}.{SWITCH}:{port}"
        with (
            new_link(programs, registry, 0, socket),
            new_link(programs, socket, megabits, listen, inside=self._machine) as link,
        ):
            yield link


@contextmanager
def new_switch(names: dict[str, int]) -> Generator[Switch]:
    """A switch, and at its end the end of all that was plugged in."""
    with ExitStack() as stack:
        yield Switch(stack, names)
