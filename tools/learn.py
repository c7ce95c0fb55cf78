"""`make learn STACK=…`: start Hero once as a node would, see which files it reads, and have them fetched ahead."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from tools.node.node import LEARNS, NYDUS, Login, Node, new_node
from tools.node.programs import ensure_programs, why_not
from tools.node.reads import File, accesses_of, files_of, in_order
from tools.node.talk import close, hear, tell
from tools.packages import run
from tools.places import ROOT
from tools.problem import Problem
from tools.progress import say, step
from tools.state import exported, outputs
from tools.where import homes
from tools.wrapper import PLUGIN, plainly

KEY = "hero:image.nydusPrefetch"
LONGEST_TABLE = 20
MEGABYTE = 10**6


def main(arguments: list[str]) -> int:
    """Learn, tell what was read, and write it into the stack's config."""
    if len(arguments) not in (2, 3):
        raise Problem("name a stack: make learn STACK=…")
    stack, seconds, *environment = arguments
    if not seconds.isdecimal():
        raise Problem(f"SECONDS is how many seconds Hero runs, and {seconds} is no such number: make learn SECONDS=30")
    reason = why_not()
    if reason:
        raise Problem(f"Hero cannot be started here as a node starts it: {reason}")
    state = exported(stack, "--show-secrets")
    form = form_of(state, stack)
    programs = ensure_programs({})
    with (
        loopback(home_of(state, stack)) as (registry, repository, login),
        new_node(programs, registry, login, LEARNS) as node,
    ):
        watch(node, f"{repository}@{form}", int(seconds), environment)
        files = files_of(node)
        read = in_order(accesses_of(node), files)
    if not read:
        raise Problem(f"Hero has read nothing in {seconds} s; make learn STACK={stack} SECONDS=… gives it longer")
    print("\n".join(table(read, sum(each.size for each in files.values()))))
    keep(stack, read)
    return 0


def form_of(state: Mapping[str, Any], stack: str) -> str:
    """The digest of the form that nydusd understands."""
    image = outputs(state).get("nydusImage")
    if not image:
        raise Problem(
            f"stack {stack} has no image in the form of Nydus; ./pulumiw config set --stack {stack} --path "
            f"hero:image.nydus true, then make up STACK={stack}, makes one"
        )
    return str(image).partition("@")[2]


def home_of(state: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """Where the stack's choice has Hero, with the login that may only pull."""
    told = outputs(state)
    return {**homes(state, stack)[0], "username": told["pullerUsername"], "password": told["pullerPassword"]}


@contextmanager
def loopback(home: Mapping[str, Any]) -> Generator[tuple[str, str, Login]]:
    """A registry on this machine that has what the home has: its address, what the home is called there, a login."""
    with subprocess.Popen(
        [str(ROOT / "bin" / PLUGIN), "loopback"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as plugin:
        tell(plugin, json.dumps(home))
        said = hear(plugin)
        if not said:
            raise Problem("the home cannot be asked")
        told = json.loads(said)
        try:
            yield told["address"], told["repository"], Login(told["username"], told["password"])
        finally:
            # By the end of which it ends too.
            close(plugin)


def watch(node: Node, reference: str, seconds: int, environment: list[str]) -> None:
    """Have the node run Hero for so long, or until Hero ends by itself."""
    node.pull(NYDUS, reference)
    options = [f"--env-file={file}" for file in environment]
    started = node.start("container", *node.to_run(NYDUS, reference, *options))
    deadline = time.monotonic() + seconds
    with step("Hero runs and is watched") as bar:
        bar.total = seconds
        while started.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
            bar.done = min(seconds, seconds - int(deadline - time.monotonic()))
    if started.returncode:
        raise Problem(f"Hero ended before it was seen, with code {started.returncode}:\n{node.words('container')}")


def table(read: list[File], whole: int) -> list[str]:
    """What was read, in the order of the first time."""
    lines = [f"{each.size / MEGABYTE:10.1f} MB  {each.path}" for each in read[:LONGEST_TABLE]]
    if len(read) > LONGEST_TABLE:
        lines.append(f"               and {len(read) - LONGEST_TABLE} more")
    size = sum(each.size for each in read)
    share = size / whole if whole else 0
    files = "1 file" if len(read) == 1 else f"{len(read)} files"
    return [*lines, f"{size / MEGABYTE:10.1f} MB  of {whole / MEGABYTE:.1f} MB ({share:.0%}), in {files}"]


def keep(stack: str, read: list[File]) -> None:
    """In the stack's config, in the place of what was there."""
    config = [str(ROOT / "pulumiw"), "config"]
    run([*config, "rm", "--stack", stack, "--path", KEY], "the config cannot be written")
    named = [word for place, each in enumerate(read) for word in ("--plaintext", f"{KEY}[{place}]={each.path}")]
    run([*config, "set-all", "--stack", stack, "--path", *named], "the config cannot be written")
    say(f"{KEY} of stack {stack} names them now; make up STACK={stack} makes the form again, with them first")


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
