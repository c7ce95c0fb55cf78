"""Containers that start before their image has arrived: a real containerd, snapshotter and nydusd, by a slow link.

It has to mount, and so it has to be root. Where it cannot run it says why, and fails where HERO_LAZY=1 demands it.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.lazy_start import images
from benchmarks.lazy_start.cases import LAZY, Form
from benchmarks.lazy_start.lazy_image import LazyImage, puller
from benchmarks.lazy_start.link import Link, new_link
from tests.checkout import Checkout, free_port
from tests.documented import commands, typed
from tests.embedded.test_first_up import fetch_when_ready
from tools.node.machines import kill, processes
from tools.node.node import FETCHES_ALL, NYDUS, new_node
from tools.node.programs import Programs
from tools.node.talk import hear, tell
from tools.problem import Problem

MEGABYTES, MEGABITS = 100, 100
SECONDS_TO_COME, SECONDS_OF_SILENCE = 1200, 2


@pytest.fixture(scope="session")
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


def test_where_a_node_goes_on_until_it_has_all_it_then_needs_no_registry(
    home: Checkout, image: LazyImage, programs: Programs
) -> None:
    with (
        new_link(programs, image.registry, 0) as link,
        new_node(programs, link.address, puller(home), FETCHES_ALL) as node,
    ):
        reference = f"{link.address}/{image.repository(Form.NEEDED_AHEAD)}"
        node.pull(NYDUS, reference)
        with node.run(NYDUS, reference) as container:
            assert hear(container) == image.content.ready
            assert all_that_comes(link) > MEGABYTES * 10**6
            link.process.kill()
            tell(container, "rest")
            assert hear(container) == image.content.done
            container.kill()


def all_that_comes(link: Link) -> int:
    """The bytes that have come when no more do."""
    deadline, before = time.monotonic() + SECONDS_TO_COME, -1
    while (passed := link.passed) != before or passed <= MEGABYTES * 10**6:
        assert time.monotonic() < deadline
        before = passed
        time.sleep(SECONDS_OF_SILENCE)
    return passed


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


def test_a_pull_goes_through_when_the_snapshotter_is_back(home: Checkout, image: LazyImage, programs: Programs) -> None:
    with new_link(programs, image.registry, 0) as link, new_node(programs, link.address, puller(home)) as node:
        reference = f"{link.address}/{image.repository(Form.NEEDED_AHEAD)}"
        kill(node, "containerd-nydus-grpc")
        with pytest.raises(Problem, match="connection refused"):
            node.pull(NYDUS, reference)
        node.start_snapshotter()
        # As a kubelet does; containerd waits a moment before it looks for the snapshotter again.
        node.wait_for("snapshotter", lambda: goes_through(lambda: node.pull(NYDUS, reference)))
        with node.run(NYDUS, reference) as container:
            assert hear(container) == image.content.ready
            container.kill()


def goes_through(pull: Callable[[], None]) -> bool:
    """Whether it does this time."""
    try:
        pull()
    except Problem:
        return False
    return True


@pytest.mark.usefixtures("programs")
def test_what_the_page_has_typed_measures_draws_and_writes(checkout: Checkout) -> None:
    """The smaller of its two commands, as root has no need of sudo."""
    measured, picture = (
        checkout.path / file for file in ("benchmarks/lazy_start/measured.json", "docs/pictures/lazy-start.svg")
    )
    measured.write_text("[]")
    picture.unlink()
    (command,) = [each for each in commands("docs/nydus.md") if "SIZES=" in each]
    said = typed(command.removeprefix("sudo --preserve-env "), checkout.path, checkout.environment)
    starts = [(line["megabits"], line["form"]) for line in json.loads(measured.read_text())]
    assert sorted(starts) == sorted((link, form) for link in (0, 100) for form in Form for _ in range(3))
    rows = [line for line in said.splitlines() if line.startswith("| 100 MB |")]
    assert len(rows) == len(LAZY) * 2
    written = (checkout.path / "docs/nydus.md").read_text()
    assert all(row in written for row in rows)
    assert picture.read_text().count("not throttled")


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
