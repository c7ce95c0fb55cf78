"""A node whose Dragonfly is down, or goes down: a real containerd with the file of this project's nodes, in a network.

In the place of `dfdaemon` is a program that passes on what it is asked for. It has to be root, as lazy starts have.
"""

import shutil
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.lazy_start.lazy_image import puller
from benchmarks.lazy_start.link import Link
from benchmarks.peer_to_peer.client import SHARED, Client
from benchmarks.peer_to_peer.nodes import Origin
from benchmarks.peer_to_peer.switch import new_switch
from components.registries.dragonfly.configuration import PROXY_PORT
from tests.checkout import Checkout
from tools.node.machines import kill
from tools.node.programs import Programs
from tools.node.talk import hear, tell

MEGABYTES, MEGABITS = 20, 50
SECONDS_FOR_A_PULL = 1200


@dataclass(frozen=True)
class Place:
    """A node, the link that it reaches the registry by, and images there."""

    client: Client
    link: Link
    origin: Origin
    programs: Programs

    def mirror(self) -> "subprocess.Popen[str]":
        """What is in the place of `dfdaemon`."""
        command = [self.programs["link"], self.link.address, "0", f"127.0.0.1:{PROXY_PORT}"]
        inside = self.client.host.machine.inside(*command)
        started = subprocess.Popen(inside, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert hear(started) == f"127.0.0.1:{PROXY_PORT}"
        return started


@pytest.fixture
def place(home: Checkout, programs: Programs, tmp_path: Path) -> Generator[Place]:
    if shutil.which("ip") is None:
        pytest.skip("a network of its own needs ip on PATH (on Debian: apt install iproute2)")
    with new_switch({}) as switch, switch.link(programs, home.outputs()["address"], MEGABITS) as link:
        client = Client(switch.host("node", 11), programs, "", "", link.address)
        client.start_containerd(puller(home))
        yield Place(client, link, Origin(programs, home, tmp_path), programs)


def pulled(process: "subprocess.Popen[str]") -> None:
    said = process.communicate(timeout=SECONDS_FOR_A_PULL)[0]
    assert process.returncode == 0, said


def test_where_dragonfly_does_not_answer_the_origin_is_asked(place: Place) -> None:
    image, before = place.origin.new(MEGABYTES), place.link.passed
    pulled(place.client.pull(SHARED, image))
    assert place.link.passed - before > place.origin.sizes[image]


def test_where_dragonfly_ends_half_way_the_origin_is_asked_for_the_rest(place: Place) -> None:
    image, mirror, before = place.origin.new(MEGABYTES), place.mirror(), place.link.passed
    size = place.origin.sizes[image]
    pulling = place.client.pull(SHARED, image)
    while place.link.passed - before < size / 2:
        assert pulling.poll() is None
        time.sleep(0.02)
    tell(mirror, "passed")
    assert int(hear(mirror)) > size / 4
    kill(place.client.host.machine, "link")
    pulled(pulling)
    # What had come was not asked for again.
    assert place.link.passed - before < 1.2 * size
    with mirror:
        mirror.kill()
