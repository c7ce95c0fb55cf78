"""A Docker engine of the tests' own, on a machine beside this one for which a Hub of the tests' own is Docker Hub.

The machine has this one's network and files, but Docker Hub's names mean an address of this host there, and a private
authority is trusted like a public one. So nothing of what is tested has to be told of another address.
"""

import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.embedded.hub import NAMES
from tests.engine.plugins import SDKS, genuine_plugins
from tools.node.machines import APART, Machine, new_place, quietly

CALLED = ("unshare", "nsenter", "mount", "docker", "dockerd")
SECONDS_TO_START = 60
# It makes no network, since nothing that it builds here runs anything.
ALONE = ("--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false")


@dataclass(frozen=True)
class DockerEngine:
    """The engine, and the machine on which it and whoever speaks to it runs."""

    machine: Machine
    hub: str
    """The host that Docker Hub's names mean there."""
    trusted: ssl.SSLContext
    """What a server needs to be trusted there under these names."""

    @property
    def environment(self) -> dict[str, str]:
        """For every command there."""
        folder = self.machine.folder
        return {
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            # Nobody's own logins are given away, and none is needed.
            "DOCKER_CONFIG": str(folder / "docker"),
            "SSL_CERT_FILE": str(folder / "ca.pem"),
        }

    def before(self, folder: Path) -> tuple[str, ...]:
        """What runs a command there, in a folder."""
        return (*self.machine.inside(), "env", f"--chdir={folder}")

    def docker(self, *arguments: str, folder: Path | None = None, config: Path | None = None, typed: str = "") -> str:
        """What the engine's own client says; a password is typed, not given as an argument."""
        environment = {**os.environ, **self.environment}
        if config:
            environment["DOCKER_CONFIG"] = str(config)
        ended = subprocess.run(
            [*self.before(folder or self.machine.folder), "docker", *arguments],
            env=environment,
            input=typed,
            check=False,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def pull(self, image: str, key: str, username: str, password: str) -> list[str]:
        """Pull with a login; returns under which digests the engine knows the image then."""
        config = self.machine.folder / "logins"
        config.mkdir(exist_ok=True)
        (config / "config.json").write_text(json.dumps({"auths": {key: {"username": username, "password": password}}}))
        self.docker("pull", "--quiet", image, config=config)
        return json.loads(self.docker("image", "inspect", image))[0]["RepoDigests"]


@contextmanager
def new_docker_engine() -> Generator[DockerEngine]:
    """One that has no image yet; nothing of it is left afterwards."""
    host = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(256)}.{secrets.randbelow(254) + 1}"
    authority = trustme.CA()
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(trusted)  # pyright: ignore[reportUnknownMemberType]
    with new_place("hero-docker") as machine:
        folder = machine.folder
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{host} {' '.join(NAMES)}\n")
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        quietly(machine.inside("mount", "--bind", str(folder / "hosts"), "/etc/hosts"))
        engine = DockerEngine(machine, host, trusted)
        address = engine.environment["DOCKER_HOST"]
        places = (f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/docker.pid")
        machine.start("dockerd", "dockerd", f"--host={address}", *places, *ALONE, **engine.environment)
        machine.wait_for("dockerd", lambda: _answers(engine), SECONDS_TO_START)
        yield engine


def why_not() -> str:
    """What this machine lacks for it; nothing where it lacks nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a Docker engine of the tests' own needs root and Linux"
    if missing := [name for name in CALLED if shutil.which(name) is None]:
        return f"a Docker engine of the tests' own needs {', '.join(missing)} on PATH"
    if not genuine_plugins(["docker"]):
        return f"no genuine {SDKS['docker']} plugin of the pinned version in ~/.pulumi or HERO_GENUINE_HOME"
    tried = subprocess.run([*APART, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces for mounts and processes: {tried.stderr.strip()}" if tried.returncode else ""


def _answers(engine: DockerEngine) -> bool:
    words = [*engine.machine.inside("docker", "version")]
    environment = {**os.environ, **engine.environment}
    return subprocess.run(words, env=environment, capture_output=True, check=False).returncode == 0
