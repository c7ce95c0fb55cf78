"""What is written on a node for a registry and for a mirror before it, by the script that really runs there."""

import fcntl
import itertools
import os
import shutil
import signal
import subprocess
import time
import tomllib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from components.kubernetes.nodes import PROBE, SCRIPT

ADDRESS = "hero.example.com:5000"
SECONDS = 200


@dataclass
class Node:
    """A folder in the place of a node, and the pods that write there."""

    path: Path
    pods: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    @property
    def folder(self) -> Path:
        """Where containerd looks."""
        return self.path / "certs.d" / ADDRESS

    def read(self) -> str:
        """What containerd reads."""
        return (self.folder / "hosts.toml").read_text()

    def start(self, part: str, text: str, authority: str = "", behind: str = "", owner: str = "") -> None:
        """Start the pod of this part, which is told this text, and what is to be behind any; `owner` is its stack's."""
        told = self.path / f"told-{part}"
        told.mkdir(exist_ok=True)
        (told / "hosts.toml").write_text(text)
        (told / "ca.crt").write_text(authority)
        (told / "mirrors.behind").write_text(behind)
        script = SCRIPT.replace("/certs.d", str(self.path / "certs.d")).replace("/told", str(told))
        script = script.replace("/dev/termination-log", str(self.path / "termination-log"))
        script = script.replace("seconds_between_checks=5", "seconds_between_checks=0.05")
        environment = {"PATH": os.environ["PATH"], "REGISTRY": ADDRESS, "PART": part, "OWNER": owner}
        # A session of its own, so that its sleep ends with it.
        self.pods[f"{owner}{part}"] = subprocess.Popen(["sh", "-c", script], env=environment, start_new_session=True)

    def probe(self) -> "subprocess.CompletedProcess[str]":
        """Ask the writer of the stack whose namespace is hero-dev-zot whether it is ready."""
        script = PROBE.replace("/certs.d", str(self.path / "certs.d"))
        script = script.replace("/dev/termination-log", str(self.path / "termination-log"))
        environment = {"PATH": os.environ["PATH"], "REGISTRY": ADDRESS, "PART": "registry", "OWNER": "hero-dev-zot"}
        return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=False)

    def end(self, part: str) -> int:
        """End it as Kubernetes does."""
        pod = self.pods.pop(part)
        pod.terminate()
        code = pod.wait(SECONDS)
        with_all_it_started(pod)
        return code

    def until(self, *parts: str) -> None:
        """Wait until these pods have written what they were told; the mirror's counts where it is one of them."""
        end = time.monotonic() + SECONDS
        counts = next(part for part in ("mirror", "registry", "fallback") if part in parts)
        while not (
            all((self.folder / f"{part}.toml").exists() for part in parts)
            and (self.folder / "hosts.toml").exists()
            and f"the {counts}" in self.read()
            and ("behind it" in self.read()) == ("fallback" in parts)
        ):
            assert time.monotonic() < end, parts
            time.sleep(0.01)

    def until_is(self, is_so: Callable[[], bool]) -> None:
        """Wait until the writer has made it so."""
        end = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < end
            time.sleep(0.01)

    def wait_for_part(self, part: str) -> None:
        """Wait until the pod of this part has chosen what counts, under the lock that it takes before it writes."""
        end = time.monotonic() + SECONDS
        while not (self.folder / f"{part}.toml").exists():
            assert time.monotonic() < end, part
            time.sleep(0.01)
        certs = os.open(self.folder.parent, os.O_RDONLY)
        try:
            fcntl.flock(certs, fcntl.LOCK_EX)
        finally:
            os.close(certs)


def with_all_it_started(pod: "subprocess.Popen[bytes]") -> None:
    """Its sleep too."""
    try:
        os.killpg(pod.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture
def node(tmp_path: Path) -> Generator[Node]:
    """A node that knows nothing yet."""
    (tmp_path / "certs.d").mkdir()
    made = Node(tmp_path)
    yield made
    for pod in made.pods.values():
        with_all_it_started(pod)
        pod.wait(SECONDS)


def test_what_is_written_goes_with_whom_it_was_written_by(node: Node) -> None:
    node.start("registry", "the registry\n", "its authority")
    node.until("registry")
    assert node.read().startswith("# Written by Hero.")
    assert (node.folder / "registry.ca.crt").read_text() == "its authority"
    assert node.end("registry") == 0
    assert not node.folder.exists()


@pytest.mark.parametrize("first", ["registry", "mirror"])
def test_the_mirrors_file_counts_as_long_as_it_is_there(node: Node, first: str) -> None:
    second = "mirror" if first == "registry" else "registry"
    node.start(first, f"the {first}\n", "an authority")
    node.until(first)
    node.start(second, f"the {second}\n", "an authority")
    node.until("mirror", "registry")
    node.end("mirror")
    assert "the registry" in node.read()
    assert not (node.folder / "mirror.ca.crt").exists()
    node.start("mirror", "the mirror\n")
    node.until("mirror", "registry")
    node.end("registry")
    assert "the mirror" in node.read()
    node.end("mirror")
    assert not node.folder.exists()


def test_both_at_once_leave_nothing(node: Node) -> None:
    for _ in range(5):
        for part in ("registry", "mirror"):
            node.start(part, f"the {part}\n", "an authority")
        node.until("mirror", "registry")
        pods = [node.pods.pop(part) for part in ("registry", "mirror")]
        for pod in pods:
            pod.terminate()
        for pod in pods:
            assert pod.wait(SECONDS) == 0
            with_all_it_started(pod)
        assert not node.folder.exists()


@pytest.mark.parametrize("part", ["registry", "mirror"])
def test_what_somebody_else_wrote_is_left_alone(node: Node, part: str) -> None:
    node.folder.mkdir(parents=True)
    (node.folder / "hosts.toml").write_text('server = "https://theirs.example.com"\n')
    node.start(part, "ours\n")
    assert node.pods[part].wait(SECONDS) == 1
    assert node.read() == 'server = "https://theirs.example.com"\n'
    assert "was written by somebody else" in (node.path / "termination-log").read_text()


PARTS = ["mirror", "registry", "fallback"]


@pytest.mark.parametrize("order", [*itertools.permutations(PARTS)], ids="-".join)
def test_what_is_behind_comes_after_whatever_counts(node: Node, order: tuple[str, ...]) -> None:
    there: set[str] = set()

    def looked_at() -> None:
        node.until(*there)
        counts = next(part for part in PARTS if part in there)
        text = node.read()
        assert text.startswith("# Written by Hero.")
        assert f"the {counts}\n" in text
        assert text.endswith("behind it\n") == ("fallback" in there)
        assert text.count("behind it") == ("fallback" in there)

    for part in order:
        node.start(part, f"the {part}\n", "an authority", "behind it\n" if part == "fallback" else "")
        there.add(part)
        looked_at()
    for part in order[:-1]:
        node.end(part)
        there.remove(part)
        looked_at()
    node.end(order[-1])
    assert not node.folder.exists()


def test_what_cannot_be_written_whole_is_not_read(node: Node) -> None:
    node.start("registry", "the registry\n")
    node.until("registry")
    # Nobody can read a folder as a file.
    (node.folder / "first.behind").mkdir()
    (node.folder / "second.behind").write_text("behind it\n")
    node.start("mirror", "the mirror\n")
    node.wait_for_part("mirror")
    assert "the registry" in node.read()


def test_stacks_whose_home_has_one_address_come_and_go_alone(node: Node) -> None:
    for stack in ("dev", "prod"):
        node.start(f"hero-{stack}-fallback", "the home\n", "an authority", f"behind {stack}\n")
        node.wait_for_part(f"hero-{stack}-fallback")
    assert node.read().endswith("\nthe home\nbehind dev\nbehind prod\n")
    node.end("hero-dev-fallback")
    assert node.read().endswith("\nthe home\nbehind prod\n")
    node.end("hero-prod-fallback")
    assert not node.folder.exists()


def test_what_two_stacks_have_in_common_is_there_once(node: Node) -> None:
    behind = '[host."https://mirror.example.com"]\n  capabilities = ["pull", "resolve"]\n'
    home = 'server = "https://registry-1.docker.io"\n'
    for stack in ("dev", "prod"):
        node.start(f"hero-{stack}-fallback", home, "an authority", behind)
        node.wait_for_part(f"hero-{stack}-fallback")
    assert node.read().endswith(f"\n{home}{behind}")
    assert [*tomllib.loads(node.read())["host"]] == ["https://mirror.example.com"]
    node.end("hero-dev-fallback")
    assert node.read().endswith(f"\n{home}{behind}")


def test_what_may_have_passwords_is_for_root_alone(node: Node) -> None:
    node.start("fallback", "the fallback\n", "an authority", "behind it\n")
    node.until("fallback")
    assert node.folder.stat().st_mode & 0o777 == 0o755
    assert {file.stat().st_mode & 0o077 for file in node.folder.iterdir()} == {0}


TEXT = 'server = "https://hero.example.com:5000"\n  ca = "registry.ca.crt"\n'


def test_stacks_with_one_address_have_files_of_their_own(node: Node) -> None:
    node.start("registry", TEXT, "its CA", owner="hero-dev-zot")
    node.until_is((node.folder / "hosts.toml").exists)
    before = {file.name: file.read_text() for file in node.folder.iterdir()}
    assert before["hero-dev-zot.registry.ca.crt"] == "its CA"
    assert 'ca = "hero-dev-zot.registry.ca.crt"' in before["hosts.toml"]
    node.start("registry", "another\n", "another CA", owner="hero-two-zot")
    assert node.pods.pop("hero-two-zotregistry").wait(SECONDS) == 1
    cause = (node.path / "termination-log").read_text()
    assert cause.startswith(f"cannot configure {ADDRESS} on this node: the stack of namespace hero-dev-zot")
    assert "\nhint: " in cause
    assert {file.name: file.read_text() for file in node.folder.iterdir()} == before


def test_removal_of_a_refused_stack_leaves_the_files_of_the_first(node: Node) -> None:
    node.start("registry", TEXT, "its CA", owner="hero-dev-zot")
    node.until_is((node.folder / "hosts.toml").exists)
    before = {file.name: file.read_text() for file in node.folder.iterdir()}
    # It was ended in the moment in which it began, or had written its files where the first one's were lost.
    for suffix in ("toml", "ca.crt"):
        (node.folder / f"hero-two-zot.registry.{suffix}").write_text("another")
    node.start("mirror", "the mirror\n", owner="hero-two-dragonfly")
    node.until_is(lambda: "the mirror" in node.read())
    assert node.end("hero-two-dragonflymirror") == 0
    for suffix in ("toml", "ca.crt"):
        (node.folder / f"hero-two-zot.registry.{suffix}").unlink()
    node.until_is(lambda: {file.name: file.read_text() for file in node.folder.iterdir()} == before)


@pytest.mark.parametrize("change", ["delete", "truncate", "edit", "delete everything"])
@pytest.mark.parametrize("name", ["hosts.toml", "hero-dev-zot.registry.toml", "hero-dev-zot.registry.ca.crt"])
def test_files_that_are_lost_or_changed_are_restored(node: Node, name: str, change: str) -> None:
    node.start("registry", TEXT, "its CA", owner="hero-dev-zot")
    node.until_is((node.folder / "hosts.toml").exists)
    before = {file.name: file.read_text() for file in node.folder.iterdir()}
    file = node.folder / name
    if change == "delete":
        file.unlink()
    elif change == "truncate":
        file.write_text("")
    elif change == "edit":
        file.write_text(before[name].replace("hero.example.com", "changed.example.com") + "more\n")
    else:
        shutil.rmtree(node.folder)

    def is_restored() -> bool:
        found = {each.name: each for each in node.folder.iterdir()} if node.folder.exists() else {}
        return found.keys() == before.keys() and all(found[each].read_text() == before[each] for each in before)

    node.until_is(lambda: _without_race(is_restored))
    assert node.end("hero-dev-zotregistry") == 0
    assert not node.folder.exists()


def _without_race(is_so: Callable[[], bool]) -> bool:
    """A file may go between the look at its folder and the look at it."""
    try:
        return is_so()
    except FileNotFoundError:
        return False


def test_a_file_of_another_tool_that_comes_later_is_reported(node: Node) -> None:
    node.start("registry", TEXT, "its CA", owner="hero-dev-zot")
    node.until_is((node.folder / "hosts.toml").exists)
    cause = node.path / "termination-log"
    theirs = 'server = "https://theirs.example.com"\n'
    (node.folder / "hosts.toml").write_text(theirs)
    node.until_is(lambda: cause.exists() and "was written by somebody else" in cause.read_text())
    assert node.read() == theirs
    assert node.probe().stdout == cause.read_text()
    # It goes on, since nobody else would delete its files.
    (node.folder / "hosts.toml").unlink()
    node.until_is(lambda: node.probe().returncode == 0)
    (node.folder / "hosts.toml").write_text(theirs)
    assert node.end("hero-dev-zotregistry") == 0
    assert [file.name for file in node.folder.iterdir()] == ["hosts.toml"]
    assert node.read() == theirs


def test_a_node_that_cannot_be_written_is_reported_with_its_cause(node: Node) -> None:
    # A file stands where the folder has to be.
    node.folder.write_text("")
    node.start("registry", TEXT, "its CA", owner="hero-dev-zot")
    assert node.pods.pop("hero-dev-zotregistry").wait(SECONDS) == 1
    cause = (node.path / "termination-log").read_text()
    assert cause.startswith(f"cannot configure {ADDRESS} on this node: its files cannot be written: mkdir:")


def test_the_probe_says_what_is_missing(node: Node) -> None:
    asked = node.probe()
    assert asked.returncode == 1
    assert "hero-dev-zot.registry.toml on this node" in asked.stdout
    node.start("registry", TEXT, "its CA", owner="hero-dev-zot")
    node.until_is(lambda: node.probe().returncode == 0)
