"""One start of a container from cold, as it is seen from outside."""

import time
from dataclasses import dataclass

from benchmarks.lazy_start.images import Content
from benchmarks.lazy_start.link import Link, new_link
from tools.node.node import Login, Node, new_node
from tools.node.programs import Programs
from tools.node.talk import hear, tell
from tools.problem import Problem


@dataclass(frozen=True)
class Start:
    """Seconds since the pull began, and bytes that had come by then: until it was ready, and until it had read all."""

    ready: float
    bytes_ready: int
    done: float
    bytes_done: int


def start(node: Node, link: Link, snapshotter: str, repository: str, content: Content) -> Start:
    """Pull, run, wait until the container itself says that it is ready, then have it read everything."""
    reference = f"{link.address}/{repository}"
    began, before = time.monotonic(), link.passed
    node.pull(snapshotter, reference)
    with node.run(snapshotter, reference) as container:
        try:
            expect(node, hear(container), content.ready)
            ready, bytes_ready = time.monotonic() - began, link.passed - before
            tell(container, "rest")
            expect(node, hear(container), content.done)
            return Start(ready, bytes_ready, time.monotonic() - began, link.passed - before)
        finally:
            # What it runs in the node ends with the node.
            container.kill()


def expect(node: Node, said: str, wanted: str) -> None:
    """A container that has read anything else is not worth timing."""
    if said != wanted:
        words = "\n".join(node.words(name) for name in ("container", "snapshotter", "containerd"))
        raise Problem(f'the container said "{said}" and not "{wanted}":\n{words}')


def start_from_cold(
    programs: Programs,
    registry: str,
    login: Login,
    megabits: int,
    snapshotter: str,
    repository: str,
    content: Content,
    nydusd_told: str,
) -> Start:
    """On a node of its own, by a link of its own."""
    with new_link(programs, registry, megabits) as link, new_node(programs, link.address, login, nydusd_told) as node:
        return start(node, link, snapshotter, repository, content)
