"""The nodes of a cluster that has Dragonfly, and what they pull."""

import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.lazy_start import images
from benchmarks.lazy_start.lazy_image import puller
from benchmarks.lazy_start.link import Link
from benchmarks.peer_to_peer.client import PLAIN, SHARED, Client
from benchmarks.peer_to_peer.dragonfly import NAMES, Dragonfly
from benchmarks.peer_to_peer.switch import new_switch
from benchmarks.peer_to_peer.waves import Wave
from tests.checkout import Checkout
from tools.node.programs import Programs
from tools.problem import Problem

SEED, FIRST = 5, 11
LAYERS, LAYER_FILES = 4, 8
SEVERAL = 3
# A scheduler looks for seeds now and then.
SECONDS_FOR_THE_SEED, SMALL = 300, 4
# What takes so many times as long as its bytes would by the link hangs.
PATIENCE = 10


class Nodes:
    """Of which some pull at once."""

    def __init__(
        self, dragonfly: Dragonfly, seed: Client, clients: list[Client], link: Link, megabits: int, origin: "Origin"
    ) -> None:
        self._dragonfly, self._seed, self._clients = dragonfly, seed, clients
        self._link, self._megabits, self._origin = link, megabits, origin

    def both_ways(self, clients: int, megabytes: int) -> list[Wave]:
        """From the registry, and by Dragonfly."""
        return [self.pull(clients, way, self._origin.new(megabytes)) for way in (PLAIN, SHARED)]

    def troubled(self, megabytes: int) -> list[Wave]:
        """What becomes of pulls when something of Dragonfly ends meanwhile, or is down before they begin."""
        first, dragonfly = self._clients[0], self._dragonfly

        def pull(ended: str, trouble: Callable[[], None] | None = None) -> Wave:
            return self.pull(SEVERAL, SHARED, self._origin.new(megabytes), ended, trouble)

        waves = [pull("one node's `dfdaemon`, half-way", first.kill_daemon)]
        waves.append(pull("that `dfdaemon`, before"))
        first.start_daemon()
        waves.append(pull("the manager, half-way", dragonfly.kill_manager))
        waves.append(pull("the manager, before"))
        waves.append(pull("the scheduler too, half-way", dragonfly.kill_scheduler))
        waves.append(pull("manager and scheduler, before"))
        return waves

    def pull(
        self, clients: int, way: str, image: str, ended: str = "", trouble: Callable[[], None] | None = None
    ) -> Wave:
        """So many nodes pull the image at once; half-way, there may be trouble."""
        size = self._origin.sizes[image]
        pulling = self._clients[:clients]
        began, before = time.monotonic(), self._link.passed
        started = [client.pull(way, image) for client in pulling]
        if trouble:
            while self._link.passed - before < size / 2 and any(each.poll() is None for each in started):
                time.sleep(0.02)
            trouble()
        patience = 60 + PATIENCE * clients * size * 8 / (self._megabits * 10**6)
        words = [each.communicate(timeout=patience)[0] for each in started]
        seconds, passed = time.monotonic() - began, self._link.passed - before
        failed = [said for each, said in zip(started, words, strict=True) if each.returncode != 0]
        if failed:
            raise Problem(f"{len(failed)} of {clients} pulls failed ({way}, {ended or 'undisturbed'}):\n{failed[0]}")
        for client in pulling:
            client.forget(image)
        wave = Wave(clients, way, seconds, size, passed, self._megabits, ended)
        print(f"{clients} {way} {ended}: {seconds:.1f} s, {wave.times:.2f}", file=sys.stderr, flush=True)
        return wave

    def wait_for_the_seed(self) -> None:
        """Until the scheduler knows of it, and so what nobody has is fetched by it."""
        deadline = time.monotonic() + SECONDS_FOR_THE_SEED
        while True:
            self.pull(1, SHARED, self._origin.new(SMALL), "before it began")
            if self._seed.stored() > SMALL * 10**6:
                return
            if time.monotonic() > deadline:
                raise Problem(f"the seed fetches nothing:\n{self._seed.host.machine.words('dfdaemon')}")
            time.sleep(5)


class Origin:
    """Images of bytes that nothing can compress, each of them another one."""

    def __init__(self, programs: Programs, checkout: Checkout, folder: Path) -> None:
        self._starter = Path(programs["starter"]).read_bytes()
        self._checkout, self._folder = checkout, folder
        self.sizes: dict[str, int] = {}

    def new(self, megabytes: int) -> str:
        """Push one; returns its repository and tag."""
        image, folder = f"peers:{len(self.sizes)}", self._folder / "layout"
        count = LAYERS * LAYER_FILES
        content = images.Content(
            {f"/data/{each:02}": os.urandom(megabytes * 10**6 // count) for each in range(count)}, []
        )
        reference = f"{self._checkout.outputs()['address']}/{image}"
        images.push(self._checkout, folder, content, self._starter, reference, LAYERS)
        self.sizes[image] = images.size(self._checkout, reference)
        return image


@contextmanager
def new_nodes(
    programs: Programs, dragonfly: dict[str, str], checkout: Checkout, folder: Path, count: int, megabits: int
) -> Generator[Nodes]:
    """Dragonfly with one seed, as `size: laptop` has it, and so many nodes."""
    with new_switch(NAMES) as switch, switch.link(programs, checkout.outputs()["address"], megabits) as link:
        parts = Dragonfly(switch, dragonfly)
        parts.start()

        def client(name: str, number: int) -> Client:
            return Client(switch.host(name, number), programs, dragonfly["dfdaemon"], parts.manager, link.address)

        seed, clients = client("seed", SEED), [client("node", FIRST + each) for each in range(count)]
        seed.start_daemon(seed=True)
        for each in clients:
            each.start_daemon()
            each.start_containerd(puller(checkout))
        nodes = Nodes(parts, seed, clients, link, megabits, Origin(programs, checkout, folder))
        nodes.wait_for_the_seed()
        yield nodes
