"""A node: containerd with runc, and the snapshotter with nydusd, told what this project's own nodes are told."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.kubernetes.nydus.configuration import folders, hosts, nydusd, snapshotter
from tools.node.machines import Machine, new_place, quietly, write
from tools.node.programs import Programs

NAME = "lazy"
OVERLAYFS, NYDUS = "overlayfs", "nydus"
# What each nydusd of a node is told.
FETCHES_WHAT_IS_READ = nydusd(None, fetches_all=False)
FETCHES_ALL = nydusd(None, fetches_all=True)
# It remembers what was read, and by whom else than its own fetching ahead.
LEARNS = json.dumps(
    {**json.loads(FETCHES_WHAT_IS_READ), "access_pattern": True, "fs_prefetch": {"enable": False}}, indent=2
)
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
class Node(Machine):
    """It has nothing yet of any image."""

    programs: Programs
    registry: str
    """Where it pulls from, by plain HTTP."""

    def ctr(self, *words: str) -> list[str]:
        """What a person would type on the node."""
        return [self.programs["ctr"], "--address", str(self.folder / "containerd.sock"), *words]

    def pull(self, snapshotter: str, reference: str) -> None:
        """Pull an image, as far as the snapshotter wants it pulled."""
        hosts_folder = str(self.folder / "hosts")
        pull = self.ctr("images", "pull", "--hosts-dir", hosts_folder, "--snapshotter", snapshotter, reference)
        quietly(self.inside(*pull))

    def to_run(self, snapshotter: str, reference: str, *options: str) -> list[str]:
        """What starts a container of an image that has been pulled, with the machine's network."""
        places = ["--runc-root", str(self.folder / "runc"), "--fifo-dir", str(self.folder / "fifo")]
        return self.ctr("run", "--rm", "--net-host", "--snapshotter", snapshotter, *places, *options, reference, "hero")

    def run(self, snapshotter: str, reference: str, *options: str) -> "subprocess.Popen[str]":
        """Start one; its output and input are the process's."""
        return subprocess.Popen(
            self.inside(*self.to_run(snapshotter, reference, *options)),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "container.log").open("a"),
        )

    @property
    def path(self) -> str:
        """PATH, by which containerd finds its shim and runc."""
        return ":".join([*self.programs.folders, os.environ["PATH"]])

    def start_snapshotter(self) -> None:
        """The snapshotter, which starts a nydusd for each image."""
        program, file = self.programs["containerd-nydus-grpc"], str(self.folder / "config.toml")
        self.start("snapshotter", program, "--config", file, PATH=self.path, DOCKER_CONFIG=str(self.folder / "login"))
        self.wait_for("snapshotter", (self.folder / "sockets" / "containerd-nydus-grpc.sock").is_socket)


@contextmanager
def new_node(
    programs: Programs, registry: str, login: Login, nydusd_told: str = FETCHES_WHAT_IS_READ
) -> Generator[Node]:
    """A node that pulls from there; nothing of it is left afterwards."""
    with new_place("lazy") as place:
        node = Node(place.folder, place.first, place.namespace, programs, registry)
        write_configuration(node, login, nydusd_told)
        node.start_snapshotter()
        node.start(
            "containerd", programs["containerd"], "--config", str(node.folder / "containerd.toml"), PATH=node.path
        )
        node.wait_for("containerd", (node.folder / "containerd.sock").is_socket)
        yield node


def write_configuration(node: Node, login: Login, nydusd_told: str) -> None:
    """The same files as on a cluster's nodes, in other folders; and what containerd itself is told."""
    folder = node.folder
    state, sockets = folders(NAME)
    config = snapshotter(NAME, every_pull_secret=False)
    write(folder / "config.toml", config.replace(state, str(folder)).replace(sockets, str(folder / "sockets")))
    write(folder / "nydusd.json", nydusd_told)
    write(folder / "bin" / "nydusd.sh", f'#!/bin/sh\nexec "{node.programs["nydusd"]}" "$@" --rlimit-nofile 0\n')
    (folder / "bin" / "nydusd.sh").chmod(0o755)
    address = node.registry
    told = hosts(NAME, address, plain_http=True, has_authority=False)
    write(folder / "certs.d" / address / "hosts.toml", told)
    header = f'[host."http://{address}".header]\nauthorization = "Basic {login.basic}"\n'
    write(folder / "hosts" / address / "hosts.toml", told + header)
    write(folder / "login" / "config.json", json.dumps({"auths": {address: {"auth": login.basic}}}))
    write(folder / "containerd.toml", containerd(folder) + with_nydus(folder))
    (folder / "sockets").mkdir()


def containerd(folder: Path) -> str:
    """Its file: no pods, and a snapshotter for the service by which clients pull."""
    return f"""\
version = 3
root = "{folder}/containerd"
state = "{folder}/running"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
address = "{folder}/containerd.sock"
[[{TRANSFER}.unpack_config]]
platform = "linux"
snapshotter = "{OVERLAYFS}"
differ = "walking"
"""


def with_nydus(folder: Path) -> str:
    """What makes the snapshotter one of its own."""
    return f"""\
[proxy_plugins.{NYDUS}]
type = "snapshot"
address = "{folder}/sockets/containerd-nydus-grpc.sock"
[proxy_plugins.{NYDUS}.exports]
root = "{folder}"
enable_remote_snapshot_annotations = "true"
[[{TRANSFER}.unpack_config]]
platform = "linux"
snapshotter = "{NYDUS}"
differ = "walking"
"""
