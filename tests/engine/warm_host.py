"""A process that has imported what a Pulumi program imports already, and becomes its language host by a fork.

The engine starts a host twice for each command, and the imports take longer than all else that a scenario waits for.
The host's code and the program are run as ever, in a new process each time; only the modules that they import are
there before. The embedded tier starts hosts as users do.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tools.cli import LANGUAGE_HOST

FOLDER = Path(__file__).parent / "warm"
LONGEST_MESSAGE = 1 << 18
MODULES = (
    "pulumi.automation._server",
    "pulumi_docker",
    "pulumi_kubernetes.apps.v1",
    "pulumi_kubernetes.core.v1",
    "pulumi_kubernetes.helm.v3",
    "pulumi_random",
    "pulumi_tls",
    "pydantic.alias_generators",
    "pydantic.main",
    "pydantic.types",
    # What each choice needs, which the program imports only where it is chosen.
    "components.catalogue",
    "components.hero_image",
    "components.kubernetes.nydus.snapshotter",
    "components.kubernetes.pull_secrets",
    "components.registries.dragonfly.dragonfly",
    "components.registries.harbor.harbor",
    "components.registries.zot.zot",
    "components.switch",
)


class WarmHost:
    """The process, for as long as this is not closed."""

    def __init__(self, folder: Path) -> None:
        """The folder is for its socket."""
        address = folder / "warm-host"
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(address)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout
        assert self._process.stdout.readline(), "the warm process is there"
        self._address = address

    def within(self, environment: dict[str, str]) -> dict[str, str]:
        """The environment in which an engine finds it."""
        path = os.pathsep.join([str(FOLDER), environment["PATH"]])
        return {**environment, "HERO_WARM_HOST": str(self._address), "PATH": path}

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def serve(address: str) -> None:
    """Fork for each that asks, until standard input ends."""
    for module in MODULES:
        importlib.import_module(module)
    # What lives as long as one command has nothing to collect.
    gc.disable()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen()
        os.write(sys.stdout.fileno(), b"warm\n")
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            asker, _ = listener.accept()
            message, streams, _, _ = socket.recv_fds(asker, LONGEST_MESSAGE, 2)
            if message and os.fork() == 0:
                listener.close()
                become_host(asker, json.loads(message), streams)
            for each in streams:
                os.close(each)
            asker.close()


def become_host(asker: socket.socket, wanted: dict[str, Any], streams: list[int]) -> None:
    """Be what the engine has started, with its arguments, environment, folder and output."""
    for standard, stream in zip((1, 2), streams, strict=True):
        os.dup2(stream, standard)
        os.close(stream)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    os.chdir(wanted["folder"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.argv = [str(LANGUAGE_HOST), *wanted["arguments"]]
    threading.Thread(target=end_with, args=(asker,), daemon=True).start()
    runpy.run_path(str(LANGUAGE_HOST), run_name="__main__")
    os._exit(0)


def end_with(asker: socket.socket) -> None:
    """When whoever asked is gone, so is the host."""
    asker.recv(1)
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
