"""A node: containerd with runc, and the snapshotter with nydusd, told what this project's own nodes are told.

All of it is in namespaces of its own for mounts and processes: whatever happens, the system itself ends the processes
and takes away the mounts when the first of the processes ends.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lazy_start.link import Link
from benchmarks.lazy_start.programs import Programs
from components.kubernetes.nydus.configuration import folders, hosts, nydusd, snapshotter
from tools.problem import Problem

SECONDS_TO_START = 20
SECONDS_TO_END = 20
# What hangs ends then, whoever waits for it.
SECONDS_TO_LIVE = 1200
STARTED: set["subprocess.Popen[bytes]"] = set()
APART = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")
NAME = "lazy"
OVERLAYFS, NYDUS = "overlayfs", "nydus"
TRANSFER = "plugins.'io.containerd.transfer.v1.local'"


@dataclass(frozen=True)
class Login:
    """Of one who may pull."""

    username: str
    password: str

    @property
    def basic(self) -> str:
        """As HTTP has it."""
        return b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Node:
    """It has nothing yet of any image."""

    folder: Path
    programs: Programs
    link: Link
    first: int
    namespace: Path

    def inside(self, *command: str) -> list[str]:
        """The command that runs another one where the node's processes and mounts are."""
        return ["nsenter", f"--target={self.first}", "--mount", "--pid", "--", *command]

    def ctr(self, *words: str) -> list[str]:
        """What a person would type on the node."""
        return self.inside(self.programs["ctr"], "--address", str(self.folder / "containerd.sock"), *words)

    def pull(self, snapshotter: str, reference: str) -> None:
        """Pull an image, as far as the snapshotter wants it pulled."""
        hosts_folder = str(self.folder / "hosts")
        quietly(self.ctr("images", "pull", "--hosts-dir", hosts_folder, "--snapshotter", snapshotter, reference))

    def run(self, snapshotter: str, reference: str, *options: str) -> "subprocess.Popen[str]":
        """Start a container of an image that has been pulled; its output and input are the process's."""
        places = ["--runc-root", str(self.folder / "runc"), "--fifo-dir", str(self.folder / "fifo")]
        command = self.ctr("run", "--rm", "--net-host", "--snapshotter", snapshotter, *places, *options)
        return subprocess.Popen(
            [*command, reference, "hero"],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "container.log").open("a"),
        )

    def start(self, name: str, *command: str, **environment: str) -> None:
        """A process of the node, which writes into a file of its own."""
        log = (self.folder / f"{name}.log").open("a")
        subprocess.Popen(
            self.inside(*command),
            env={**os.environ, "PATH": ":".join([*self.programs.folders, os.environ["PATH"]]), **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def start_snapshotter(self) -> None:
        """The snapshotter, which starts a nydusd for each image."""
        program, file = self.programs["containerd-nydus-grpc"], str(self.folder / "config.toml")
        self.start("snapshotter", program, "--config", file, DOCKER_CONFIG=str(self.folder / "login"))
        self.wait_for("snapshotter", self.folder / "sockets" / "containerd-nydus-grpc.sock")

    def wait_for(self, name: str, socket: Path) -> None:
        """Until somebody listens there."""
        deadline = time.monotonic() + SECONDS_TO_START
        while not socket.is_socket():
            if time.monotonic() > deadline:
                raise Problem(f"{name} did not start:\n{self.words(name)}")
            time.sleep(0.05)

    def words(self, name: str) -> str:
        """The last of what one of its processes has said."""
        file = self.folder / f"{name}.log"
        return "\n".join(file.read_text().splitlines()[-12:]) if file.exists() else ""


@contextmanager
def new_node(programs: Programs, link: Link, login: Login) -> Generator[Node]:
    """A node that pulls through the link; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lazy-"))
    try:
        with subprocess.Popen([*APART, "sleep", str(SECONDS_TO_LIVE)]) as parent:
            STARTED.add(parent)
            try:
                first = Path(f"/proc/{first_process(parent.pid)}")
                node = Node(folder, programs, link, int(first.name), (first / "ns" / "pid").readlink())
                write_configuration(node, login)
                node.start_snapshotter()
                node.start("containerd", programs["containerd"], "--config", str(folder / "containerd.toml"))
                node.wait_for("containerd", folder / "containerd.sock")
                yield node
            finally:
                parent.kill()
                STARTED.discard(parent)
    finally:
        remove(folder)


def end_all() -> None:
    """For whoever is interrupted while other threads wait for what happens on their nodes."""
    for parent in list(STARTED):
        parent.kill()


def first_process(parent: int) -> int:
    """The one whose end is the end of the namespaces."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        for child in children.read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "sleep":
                return int(child)
        time.sleep(0.02)
    raise Problem("no namespaces for mounts and processes can be made here")


def remove(folder: Path) -> None:
    """The last of the node's processes may still be on their way out, and their mounts with them."""
    deadline = time.monotonic() + SECONDS_TO_END
    while folder.exists():
        if time.monotonic() > deadline:
            raise Problem(f"{folder} cannot be removed")
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)


def write_configuration(node: Node, login: Login) -> None:
    """The same files as on a cluster's nodes, in other folders; and what containerd itself is told."""
    folder = node.folder
    state, sockets = folders(NAME)
    config = snapshotter(NAME, every_pull_secret=False)
    write(folder / "config.toml", config.replace(state, str(folder)).replace(sockets, str(folder / "sockets")))
    write(folder / "nydusd.json", nydusd(None))
    write(folder / "bin" / "nydusd.sh", f'#!/bin/sh\nexec "{node.programs["nydusd"]}" "$@" --rlimit-nofile 0\n')
    (folder / "bin" / "nydusd.sh").chmod(0o755)
    address = node.link.address
    told = hosts(NAME, address, plain_http=True, has_authority=False)
    write(folder / "certs.d" / address / "hosts.toml", told)
    header = f'[host."http://{address}".header]\nauthorization = "Basic {login.basic}"\n'
    write(folder / "hosts" / address / "hosts.toml", told + header)
    write(folder / "login" / "config.json", json.dumps({"auths": {address: {"auth": login.basic}}}))
    write(folder / "containerd.toml", containerd(folder))
    (folder / "sockets").mkdir()


def write(file: Path, text: str) -> None:
    """For nobody else to read: there are passwords in some of them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)


def containerd(folder: Path) -> str:
    """Its file: no pods, and both snapshotters for the service by which clients pull."""
    return f"""\
version = 3
root = "{folder}/containerd"
state = "{folder}/running"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
address = "{folder}/containerd.sock"
[proxy_plugins.{NYDUS}]
type = "snapshot"
address = "{folder}/sockets/containerd-nydus-grpc.sock"
[proxy_plugins.{NYDUS}.exports]
root = "{folder}"
enable_remote_snapshot_annotations = "true"
[[{TRANSFER}.unpack_config]]
platform = "linux"
snapshotter = "{OVERLAYFS}"
differ = "walking"
[[{TRANSFER}.unpack_config]]
platform = "linux"
snapshotter = "{NYDUS}"
differ = "walking"
"""


def quietly(command: list[str]) -> None:
    """Run it; what fails is told in its own words."""
    ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode != 0:
        raise Problem(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")


def processes(node: Node, name: str) -> list[int]:
    """Those of the node that are called so, as this machine numbers them."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "ns" / "pid").readlink() == node.namespace and (entry / "comm").read_text().strip() == name[
                :15
            ]:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def kill(node: Node, name: str) -> None:
    """End a process of the node as a crash would."""
    for process in processes(node, name):
        os.kill(process, signal.SIGKILL)
