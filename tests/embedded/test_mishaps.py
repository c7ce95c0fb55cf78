"""What goes wrong on real machines, and what the next `make up` makes of it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import SECONDS_FOR_A_COMMAND, Checkout, commands, new_checkout
from tests.images import layer, write_layout

# Moments of a first `up`, as steps of its state; the last one is when the first bytes of the image are stored.
STEPS = (0, 2, 4, 6, 7, 8, 10, 12, 13)
KILLS = len(STEPS) + 1


def test_refresh_sees_that_the_registry_died_and_up_brings_it_back_with_its_images(checkout: Checkout) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    checkout.kill_registry()
    assert "~ 1 updated" in checkout.refresh().text
    assert checkout.state()["embedded-process"]["running"] is False
    again = checkout.up().text
    assert "embedded-process updated" in again
    assert "hero-image" not in again
    assert checkout.crane("digest", checkout.outputs()["image"]) == digest


def test_up_alone_sees_it_too(checkout: Checkout) -> None:
    checkout.up()
    checkout.kill_registry()
    assert "| `~` | update | `embedded-process` |" in checkout.make("preview").text
    drift = checkout.make("drift")
    assert "| `~` | not as the state says | `embedded-process` |" in drift.text
    assert drift.code != 0
    checkout.up()
    assert checkout.make("drift").code == 0
    assert checkout.crane("digest", checkout.outputs()["image"]) == checkout.outputs()["digest"]


def test_lost_images_are_pushed_again(checkout: Checkout) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    shutil.rmtree(checkout.path / ".hero")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    assert checkout.crane("digest", checkout.outputs()["image"]) == digest
    checkout.down()
    assert checkout.registry_process() is None


def test_a_tag_that_somebody_took_away_comes_back(checkout: Checkout) -> None:
    checkout.up()
    told = checkout.outputs()
    checkout.crane("delete", f"{told['repository']}:latest", who="pusher")
    checkout.refresh()
    assert checkout.state()["hero-image"]["missing"] == ["latest"]
    checkout.up()
    assert checkout.crane("digest", f"{told['repository']}:latest") == told["digest"]


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_a_state_whose_description_was_cut_short_is_read_all_the_same(checkout: Checkout, verb: str) -> None:
    checkout.up()
    (checkout.path / ".pulumi" / "stacks" / "hero" / "dev.json.attrs").write_text("")
    assert "EOF" not in checkout.make(verb).text


@pytest.mark.parametrize("moment", range(KILLS))
def test_pulumi_killed_in_the_middle_of_an_up(checkout: Checkout, moment: int) -> None:
    run = checkout.start("make", "up")
    if moment < len(STEPS):
        wait_for_step(checkout, run, STEPS[moment])
    else:
        wait_for_bytes(checkout.path / ".hero" / "dev" / "registry" / "storage", 1)
    killed = kill_pulumi_of(checkout)
    text, _ = run.communicate(timeout=SECONDS_FOR_A_COMMAND)
    assert killed, text
    assert run.returncode != 0, text
    checkout.up()
    told = checkout.outputs()
    assert checkout.crane("digest", told["image"]) == told["digest"]
    assert checkout.registries() == [checkout.registry_process()]
    assert checkout.up().unchanged
    checkout.down()
    assert checkout.registries() == []
    assert not (checkout.path / ".hero").exists()
    assert checkout.git_status() == ""


def test_pulumi_killed_and_then_down(checkout: Checkout) -> None:
    run = checkout.start("make", "up")
    deadline = time.monotonic() + SECONDS_FOR_A_COMMAND
    while checkout.registry_process() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_pulumi_of(checkout)
    run.communicate(timeout=SECONDS_FOR_A_COMMAND)
    checkout.down()
    assert checkout.registries() == []
    assert not (checkout.path / ".hero").exists()


def test_pulumi_killed_in_the_middle_of_a_down(checkout: Checkout) -> None:
    checkout.up()
    run = checkout.start("make", "down")
    while checkout.registry_process() is not None:
        time.sleep(0.001)
    kill_pulumi_of(checkout)
    run.communicate(timeout=SECONDS_FOR_A_COMMAND)
    checkout.up()
    told = checkout.outputs()
    assert checkout.crane("digest", told["image"]) == told["digest"]
    assert checkout.up().unchanged


def test_interrupted_by_a_person(checkout: Checkout) -> None:
    run = checkout.start("make", "up")
    while checkout.registry_process() is None:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    text, _ = run.communicate(timeout=SECONDS_FOR_A_COMMAND)
    assert run.returncode != 0
    assert "Traceback" not in text
    checkout.up()
    assert checkout.crane("digest", checkout.outputs()["image"]) == checkout.outputs()["digest"]
    assert checkout.registries() == [checkout.registry_process()]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_registry_killed_during_a_push(checkout: Checkout, share: float) -> None:
    size = 200_000_000
    use_large_image(checkout, size)
    run = checkout.start("make", "up")
    storage = checkout.path / ".hero" / "dev" / "registry" / "storage"
    wait_for_bytes(storage, int(size * share))
    checkout.kill_registry()
    text, _ = run.communicate(timeout=SECONDS_FOR_A_COMMAND)
    assert run.returncode != 0, text
    assert "cannot be reached" in text
    assert "Traceback" not in text
    checkout.up()
    told = checkout.outputs()
    assert checkout.crane("digest", told["image"]) == told["digest"]
    # Whoever reads a blob compares it with its digest.
    checkout.crane("export", told["image"], "/dev/null")


def test_two_at_once(checkout: Checkout) -> None:
    runs = [checkout.start("make", "up") for _ in range(2)]
    ended = [run.communicate(timeout=SECONDS_FOR_A_COMMAND)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ended
    assert sum("is going on (process" in text for text in ended) == 1
    assert sum("unchanged" in text and "created" not in text for text in ended) == 1
    told = checkout.outputs()
    assert checkout.crane("digest", told["image"]) == told["digest"]
    assert checkout.registries() == [checkout.registry_process()]


def test_two_checkouts_side_by_side(checkout: Checkout, tmp_path: Path) -> None:
    with new_checkout(tmp_path, "other") as other:
        runs = [each.start("make", "up") for each in (checkout, other)]
        for run in runs:
            text, _ = run.communicate(timeout=SECONDS_FOR_A_COMMAND)
            assert run.returncode == 0, text
        assert checkout.outputs()["digest"] == other.outputs()["digest"]
        assert checkout.outputs()["pusherPassword"] != other.outputs()["pusherPassword"]
        checkout.down()
        assert other.crane("digest", other.outputs()["image"]) == other.outputs()["digest"]


def wait_for_step(checkout: Checkout, run: "subprocess.Popen[str]", step: int) -> None:
    """Wait until a first `up` has come so far."""
    deadline = time.monotonic() + SECONDS_FOR_A_COMMAND
    while run.poll() is None and (steps_of(checkout) < step or not runs_pulumi(checkout)):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def steps_of(checkout: Checkout) -> int:
    """Twice the number of resources in the state, and each that is being created once."""
    try:
        state: dict[str, Any] = json.loads((checkout.path / ".pulumi" / "stacks" / "hero" / "dev.json").read_text())
    except (FileNotFoundError, ValueError):
        return 0
    latest: dict[str, list[Any]] = state["checkpoint"].get("latest") or {}
    return 2 * len(latest.get("resources") or []) + len(latest.get("pending_operations") or [])


def runs_pulumi(checkout: Checkout) -> bool:
    """Whether the CLI works in this checkout."""
    return any(True for _ in pulumis_of(checkout))


def pulumis_of(checkout: Checkout) -> Generator[int]:
    """The processes of the CLI that work in this checkout."""
    for process, words in commands():
        with contextlib.suppress(OSError):
            here = Path(f"/proc/{process}/cwd").readlink() == checkout.path
            if here and words[0].endswith(b"/pulumi") and b"up" in words:
                yield process


def kill_pulumi_of(checkout: Checkout) -> bool:
    """Kill -9 the CLI that works in this checkout; whether there was one."""
    for process in pulumis_of(checkout):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            return True
    return False


def use_large_image(checkout: Checkout, size: int) -> None:
    """An image of one layer that does not compress, in an OCI layout."""
    write_layout(checkout.path / ".hero-layout", [layer({"content": os.urandom(size)})])
    checkout.use_image("build: existing", "source: ./.hero-layout")


def wait_for_bytes(folder: Path, wanted: int) -> None:
    """Until so much is stored."""
    deadline = time.monotonic() + SECONDS_FOR_A_COMMAND
    while time.monotonic() < deadline:
        # Uploads are moved away as one looks at them.
        with contextlib.suppress(FileNotFoundError):
            if sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >= wanted:
                return
        time.sleep(0.005)
    pytest.fail(f"{wanted} bytes were never stored")
