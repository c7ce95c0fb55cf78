"""Ways to break the files and the processes of a checkout whose stack is up."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.checkout import Checkout, commands

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "nul": lambda content: b"\0" * len(content),
}
NO_SUCH_PROCESS = 2**22 + 1
LOCKS = ".pulumi/locks/organization/hero/dev"
# Each kind of file that Pulumi, the wrapper or the plugin writes, as a pattern in the checkout.
KINDS = {
    "state": ".pulumi/stacks/hero/dev.json",
    "state-attributes": ".pulumi/stacks/hero/dev.json.attrs",
    "state-before": ".pulumi/stacks/hero/dev.json.bak",
    "state-before-attributes": ".pulumi/stacks/hero/dev.json.bak.attrs",
    "history": ".pulumi/history/hero/dev/*.history.json",
    "history-attributes": ".pulumi/history/hero/dev/*.history.json.attrs",
    "checkpoint": ".pulumi/history/hero/dev/*.checkpoint.json",
    "backup": ".pulumi/backups/hero/dev/*.json",
    "meta": ".pulumi/meta.yaml",
    "meta-attributes": ".pulumi/meta.yaml.attrs",
    "passphrase": ".pulumi/passphrase",
    "passphrase-copy": ".pulumi/passphrase.copy",
    "own-lock": ".pulumi/dev.lock",
    "stack-file": "Pulumi.dev.yaml",
    "stack-file-copy": ".pulumi/copies/Pulumi.dev.yaml",
    "lock": f"{LOCKS}/00000000-0000-0000-0000-000000000000.json",
    "lock-attributes": f"{LOCKS}/00000000-0000-0000-0000-000000000000.json.attrs",
    "lock-unfinished": f"{LOCKS}/00000000-0000-0000-0000-000000000000.json.18a.tmp",
    "state-unfinished": ".pulumi/stacks/hero/dev.json.18a.tmp",
    "workspace": "../hero-pulumi-home/workspaces/hero-*-workspace.json",
    "registry-accounts": ".hero/dev/registry/htpasswd",
    "registry-mark": ".hero/dev/registry/registry.json",
    "registry-process": ".hero/dev/registry/registry.pid",
    "registry-reserved": ".hero/dev/registry/reserved",
}
# What only a killed run leaves, and what Pulumi writes once; the test writes it where it is missing.
LEFT = {
    "lock": json.dumps({"pid": NO_SUCH_PROCESS, "username": "user", "hostname": socket.gethostname()}),
    "lock-attributes": '{"user.cache_control":""}',
    "lock-unfinished": json.dumps({"pid": NO_SUCH_PROCESS}),
    "state-unfinished": '{"version": 3}',
    "meta-attributes": '{"user.cache_control":"","user.metadata":null}',
}
PROCESSES = ("engine", "plugin", "language-host", "wrapper", "registry")


def break_file(checkout: Checkout, kind: str, damage: str) -> None:
    """Do to the newest file of the kind what a crash does."""
    file = checkout.path / KINDS[kind]
    if kind in LEFT and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(LEFT[kind])
    if kind == "workspace" and not list(checkout.path.glob(KINDS[kind])):
        assert checkout.pulumiw("stack", "select", "dev").code == 0
    file = max(checkout.path.glob(KINDS[kind]), key=lambda each: each.stat().st_mtime_ns)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))


def kill_during(checkout: Checkout, target: str, process: str, seconds: float) -> subprocess.Popen[str]:
    """Start `make TARGET` and kill one of the processes after so many seconds, or as soon as it exists then."""
    run = checkout.start("make", "--no-print-directory", target)
    time.sleep(seconds)
    while run.poll() is None:
        found = _find(checkout, process, run.pid)
        if found is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found, signal.SIGKILL)
            break
        time.sleep(0.005)
    return run


def _find(checkout: Checkout, process: str, session: int) -> int | None:
    if process == "registry":
        return checkout.registry_process()
    for number, words in commands():
        with contextlib.suppress(ProcessLookupError):
            if words[0] and os.getsid(number) == session and _is(process, words):
                return number
    return None


def _is(process: str, words: list[bytes]) -> bool:
    names = [Path(os.fsdecode(word)).name for word in words[:3]]
    return {
        "engine": names[0] == "pulumi",
        "plugin": names[0].startswith("pulumi-resource-hero-home") and names[1:2] != ["registry"],
        "language-host": "pulumi-language-python" in names,
        "wrapper": "pulumiw" in names,
    }[process]


def some(seed: int, count: int) -> list[tuple[str, str]]:
    """Return so many pairs of a kind of file of the state and a damage; the same ones for the same seed."""
    every = [(kind, damage) for kind in KINDS for damage in DAMAGES if not kind.startswith("registry-")]
    return random.Random(seed).sample(every, count)  # noqa: S311 - to be had again, not to be secret
