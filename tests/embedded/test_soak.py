"""Any process killed at any moment, any file cut short: the same command, typed again, goes through."""

import random
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout, Ended, new_checkout
from tests.embedded.damage import DAMAGES, KINDS, PROCESSES, break_file, kill_during, some
from tests.engine.soak import FIRST_SEED, KILLS, LONG_RUN, SOME_TRUNCATIONS, TRUNCATIONS

SECONDS_TO_END = 300
TARGETS = ("up", "refresh", "down")
TRUNCATED = (
    [(kind, damage) for kind in KINDS for damage in DAMAGES] * TRUNCATIONS
    if LONG_RUN
    else some(FIRST_SEED, SOME_TRUNCATIONS)
)


@dataclass
class LiveStack:
    """A checkout whose stack is up, and how long its commands take here."""

    checkout: Checkout
    digest: str
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    has_recovered: bool = True
    """Whether the last test went through."""

    def is_as_before(self) -> None:
        """Assert that the one registry serves the image."""
        told: dict[str, Any] = self.checkout.outputs()
        assert self.checkout.crane("digest", told["image"], told=told) == self.digest
        assert self.checkout.registries() == [self.checkout.registry_process()]


@dataclass
class LiveStacks:
    """The stack that the tests share, for as long as no test has failed."""

    folder: Path
    stack: ExitStack
    current: LiveStack | None = None
    made: int = 0

    def get(self) -> LiveStack:
        """Return the shared stack; a new one after a failure."""
        if self.current is None:
            self.made += 1
            checkout = self.stack.enter_context(new_checkout(self.folder / str(self.made)))
            first = timed(checkout, "up")[1]
            self.current = LiveStack(checkout, checkout.outputs()["digest"], {"up": first})
            self.current.seconds |= {target: timed(checkout, target)[1] for target in ("refresh", "down")}
            checkout.up()
        return self.current


def timed(checkout: Checkout, target: str) -> tuple[Ended, float]:
    started = time.monotonic()
    ended = checkout.make(target)
    assert ended.code == 0, ended.text
    return ended, time.monotonic() - started


@pytest.fixture(scope="module")
def live_stacks(tmp_path_factory: pytest.TempPathFactory) -> Generator[LiveStacks]:
    """The stack that the tests share."""
    with ExitStack() as stack:
        yield LiveStacks(tmp_path_factory.mktemp("soak"), stack)


@pytest.fixture
def live(live_stacks: LiveStacks) -> Generator[LiveStack]:
    """A stack that is up; whatever a test that fails has left is not used again."""
    found = live_stacks.get()
    live_stacks.current, found.has_recovered = None, False
    yield found
    # After a failure the next test begins with a stack of its own.
    if found.has_recovered:
        live_stacks.current = found


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + KILLS))
def test_kill_of_a_process(live: LiveStack, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be had again, not to be secret
    process, target = PROCESSES[seed % len(PROCESSES)], chance.choice(TARGETS)
    if target == "up":
        assert live.checkout.make("down").code == 0
    run = kill_during(live.checkout, target, process, chance.random() * live.seconds[target])
    # What the killed wrapper has started may go on: the next command waits for it.
    if process != "wrapper":
        run.communicate(timeout=SECONDS_TO_END)
    again = live.checkout.make(chance.choice(("up", "down")))
    text = run.communicate(timeout=SECONDS_TO_END)[0] if process == "wrapper" else ""
    assert again.code == 0, f"{process} in {target}\n{text}\n{again.text}"
    assert "Traceback" not in again.text
    live.checkout.up()
    live.is_as_before()
    live.has_recovered = True


@pytest.mark.parametrize(("kind", "damage"), TRUNCATED)
def test_truncation_of_a_file(live: LiveStack, kind: str, damage: str) -> None:
    break_file(live.checkout, kind, damage)
    again = live.checkout.make("up")
    assert again.code == 0, again.text
    assert "Traceback" not in again.text
    live.is_as_before()
    live.has_recovered = True
