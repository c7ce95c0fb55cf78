"""Containers that start before their image has arrived: a real containerd, snapshotter and nydusd, by a slow link.

It has to mount, and so it has to be root. Where it cannot run it says why, and fails where HERO_LAZY=1 demands it.
"""

from pathlib import Path

import pytest

from benchmarks.lazy_start import images
from benchmarks.lazy_start.cases import Form
from benchmarks.lazy_start.lazy_image import LazyImage, puller
from benchmarks.lazy_start.link import new_link
from tests.checkout import Checkout, free_port
from tests.embedded.test_first_up import fetch_when_ready
from tools.node.machines import kill, processes
from tools.node.node import NYDUS, new_node
from tools.node.programs import Programs
from tools.node.talk import hear, tell

MEGABYTES, MEGABITS = 100, 100


@pytest.fixture(scope="module")
def image(home: Checkout, programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> LazyImage:
    """Of which a start needs 5 %."""
    return LazyImage(programs, home, tmp_path_factory.mktemp("lazy"), MEGABYTES)


def test_it_is_ready_after_what_it_needs_and_far_sooner(image: LazyImage) -> None:
    usual = image.start(MEGABITS, Form.OCI)
    lazy = image.start(MEGABITS, Form.NEEDED_AHEAD)
    assert usual.bytes_ready > MEGABYTES * 10**6
    # 5.4 % where nothing else runs. What is read before it was fetched ahead brings some of its neighbours along.
    assert lazy.bytes_ready < 0.07 * MEGABYTES * 10**6
    # Ten times, where nothing else runs.
    assert usual.ready > 4 * lazy.ready
    assert lazy.bytes_done > MEGABYTES * 10**6


def test_where_nobody_says_what_it_needs_not_all_comes_ahead(image: LazyImage) -> None:
    assert image.start(MEGABITS, Form.NOTHING_AHEAD).bytes_ready < 0.15 * MEGABYTES * 10**6


def test_a_lazily_started_hero_serves_its_page(home: Checkout, programs: Programs, tmp_path: Path) -> None:
    told, port = home.outputs(), free_port()
    converted = images.convert(programs, home, tmp_path / "conversion", f"{told['repository']}:v0.0.1", [])
    known = {"HERO_ADDRESS": f"127.0.0.1:{port}", "HERO_DIGEST": told["digest"]}
    with new_link(programs, told["address"], 0) as link, new_node(programs, link.address, puller(home)) as node:
        reference = converted.replace(told["address"], link.address)
        node.pull(NYDUS, reference)
        with node.run(NYDUS, reference, *(f"--env={name}={value}" for name, value in known.items())) as hero:
            assert told["digest"] in fetch_when_ready(f"http://127.0.0.1:{port}/")
            assert processes(node, "nydusd")
            hero.kill()


def test_what_runs_reads_on_after_the_snapshotter_was_killed(
    home: Checkout, image: LazyImage, programs: Programs
) -> None:
    with new_link(programs, image.registry, 0) as link, new_node(programs, link.address, puller(home)) as node:
        reference = f"{link.address}/{image.repository(Form.NEEDED_AHEAD)}"
        node.pull(NYDUS, reference)
        with node.run(NYDUS, reference) as container:
            assert hear(container) == image.content.ready
            kill(node, "containerd-nydus-grpc")
            tell(container, "rest")
            assert hear(container) == image.content.done
            # Whoever took the container away would wait for the snapshotter.
            container.kill()


def test_nothing_of_a_node_is_left(programs: Programs, home: Checkout) -> None:
    with (
        new_link(programs, home.outputs()["address"], 0) as link,
        new_node(programs, link.address, puller(home)) as node,
    ):
        assert processes(node, "containerd")
        assert node.folder.exists()
    assert not processes(node, "containerd")
    assert not node.folder.exists()
    assert str(node.folder) not in Path("/proc/self/mounts").read_text()
