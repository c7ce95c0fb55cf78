"""A node that pulls: its containerd, told of Dragonfly as nodes of a cluster are, and its dfdaemon."""

import json
import subprocess
from typing import Any

from benchmarks.peer_to_peer.switch import Host
from components.kubernetes.nodes import hosts
from components.registries.dragonfly.configuration import PROXY_PORT, proxy, upstream
from components.registries.dragonfly.dragonfly import PROXY
from tools.node.machines import kill, quietly, write
from tools.node.node import OVERLAYFS, Login, containerd
from tools.node.programs import Programs

PLAIN, SHARED = "plain", "dragonfly"
SECONDS_FOR_A_DAEMON = 60


class Client:
    """With a dfdaemon as the chart has one on each node; or, where it is a seed, as the chart has those."""

    def __init__(self, host: Host, programs: Programs, dfdaemon: str, manager: str, registry: str) -> None:
        self.host = host
        self._programs, self._dfdaemon, self._manager, self._registry = programs, dfdaemon, manager, registry

    def start_daemon(self, *, seed: bool = False) -> None:
        """Dragonfly's part of it."""
        folder = self.host.machine.folder
        file = folder / "dfdaemon.yaml"
        write(file, json.dumps(self._told(seed=seed), indent=2))
        command = [self._dfdaemon, "--config", str(file), "--console", "--log-dir", str(folder / "log")]
        started = self._run_daemon(command)

        def is_there() -> bool:
            nonlocal started
            # As the kubelet does. What was killed leaves its ports taken for a moment.
            if started.poll() is not None:
                started = self._run_daemon(command)
            return self.host.listens(PROXY_PORT)

        self.host.machine.wait_for("dfdaemon", is_there, SECONDS_FOR_A_DAEMON)

    def _run_daemon(self, command: list[str]) -> "subprocess.Popen[bytes]":
        # Of an error, its words are wanted and not the stack that it comes from.
        return self.host.machine.start("dfdaemon", *command, RUST_BACKTRACE="0")

    def kill_daemon(self) -> None:
        """As a crash would."""
        kill(self.host.machine, "dfdaemon")

    def _told(self, *, seed: bool) -> dict[str, Any]:
        """What is in the chart's file beside what all of it are, in a folder of this client's own."""
        folder = self.host.machine.folder
        # The manager knows no other names than those that a host may have.
        hostname = f"at-{self.host.address.replace('.', '-')}"
        return {
            "host": {"ip": self.host.address, "hostname": hostname, "schedulerClusterID": 1},
            "server": {"cacheDir": str(folder / "cache"), "pluginDir": str(folder / "plugins")},
            "download": {"server": {"socketPath": str(folder / "dfdaemon.sock")}},
            "manager": {"addr": f"http://{self._manager}"},
            "scheduler": {"enableBackToSource": True},
            "storage": {"dir": str(folder / "storage")},
            "seedPeer": {"enable": seed, "type": "super"},
            "proxy": proxy(self._registry, plain_http=True, has_authority=False),
        }

    def start_containerd(self, login: Login) -> None:
        """It is told of the registry in two ways: that it is there, and that Dragonfly is asked before."""
        machine, address = self.host.machine, f"http://{self._registry}"
        basic = f'authorization = "Basic {login.basic}"\n'
        mirror = (PROXY, upstream(self._registry, plain_http=True))
        for way, file in ((PLAIN, hosts(address, "", None)), (SHARED, hosts(address, "", mirror))):
            # Where the kubelet tells a node's containerd the login, this one has it in its files.
            told = file.replace(".header]\n", f".header]\n  {basic}") + f'[host."{address}".header]\n  {basic}'
            write(machine.folder / way / self._registry / "hosts.toml", told)
        write(machine.folder / "containerd.toml", containerd(machine.folder))
        program = self._programs["containerd"]
        machine.start("containerd", program, "--config", str(machine.folder / "containerd.toml"))
        machine.wait_for("containerd", (machine.folder / "containerd.sock").is_socket)

    def _ctr(self, *words: str) -> list[str]:
        socket = str(self.host.machine.folder / "containerd.sock")
        return self.host.machine.inside(self._programs["ctr"], "--address", socket, *words)

    def pull(self, way: str, image: str) -> "subprocess.Popen[str]":
        """Begin to pull an image, and unpack it."""
        folder = str(self.host.machine.folder / way)
        words = ["images", "pull", "--hosts-dir", folder, "--snapshotter", OVERLAYFS, f"{self._registry}/{image}"]
        return subprocess.Popen(
            self._ctr(*words), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def forget(self, image: str) -> None:
        """Whatever containerd has of it."""
        quietly(self._ctr("images", "rm", "--sync", f"{self._registry}/{image}"))

    def stored(self) -> int:
        """The bytes that its dfdaemon has on disk."""
        storage = self.host.machine.folder / "storage"
        return sum(file.stat().st_size for file in storage.rglob("*") if file.is_file())
