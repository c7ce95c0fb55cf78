"""A checkout of its own for a test: its own folder, state, port and home of Pulumi, and the user's own commands."""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.go import build, ensure_go
from tools.packages import ensure_packages

ROOT = Path(__file__).resolve().parents[1]
# A bound for what hangs, which a machine 20 times slower meets too.
SECONDS_FOR_A_COMMAND = 1200


@dataclass(frozen=True)
class Ended:
    """A command that has ended, with all that it said."""

    code: int
    text: str

    @property
    def unchanged(self) -> bool:
        """Whether every resource was left as it is."""
        summary = self.text[self.text.rindex("Resources:") :]
        return re.search(r"^\s+\d+ unchanged$", summary, re.MULTILINE) is not None and not re.search(
            r"^\s+[~+-]", summary, re.MULTILINE
        )


@dataclass(frozen=True)
class Checkout:
    """The project as a newcomer has it, and what they type."""

    path: Path
    port: int
    environment: dict[str, str] = field(repr=False)
    before: tuple[str, ...] = ()
    """What comes before the words of every command, where commands run on another machine than the test's."""

    def make(self, target: str) -> Ended:
        """`make TARGET`, successful or not."""
        return self._run(["make", "--no-print-directory", target])

    def pulumiw(self, *arguments: str) -> Ended:
        """`./pulumiw ARGUMENTS`, successful or not."""
        return self._run(["./pulumiw", *arguments])

    def up(self) -> Ended:
        """`make up` that must end well."""
        return self._well(self.make("up"))

    def down(self) -> Ended:
        """`make down` that must end well."""
        return self._well(self.make("down"))

    def refresh(self) -> Ended:
        """`make refresh` that must end well."""
        return self._well(self.make("refresh"))

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Begin a command and let it run."""
        return subprocess.Popen(
            [*self.before, *command],
            cwd=self.path,
            env=self.environment,
            text=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def outputs(self) -> dict[str, Any]:
        """All that the stack tells, secrets in clear."""
        ended = subprocess.run(
            [*self.before, "./pulumiw", "stack", "output", "--stack", "dev", "--json", "--show-secrets"],
            cwd=self.path,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(ended.stdout)

    def state(self) -> dict[str, dict[str, Any]]:
        """The outputs of every resource in the state, by the last part of its URN; secrets stay encrypted."""
        file = self.path / ".pulumi" / "stacks" / "hero" / "dev.json"
        resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
        return {resource["urn"].rpartition("::")[2]: resource.get("outputs", {}) for resource in resources}

    def use_image(self, *lines: str) -> None:
        """Give the dev stack another block `hero:image`."""
        self._use_block("image", lines)

    def use_registry(self, *lines: str) -> None:
        """Give the dev stack another block `hero:embedded`; the port stays."""
        self._use_block("embedded", (f"port: {self.port}", *lines))

    def set_secret(self, path: str, value: str) -> None:
        """Give the dev stack a secret as a person does: typed, not as an argument."""
        command = [*self.before, "./pulumiw", "config", "set", "--stack", "dev", "--secret", "--path", path]
        subprocess.run(
            command, cwd=self.path, env=self.environment, input=value, text=True, check=True, capture_output=True
        )

    def crane(
        self, *arguments: str, who: str = "puller", check: bool = True, told: dict[str, Any] | None = None
    ) -> str:
        """An independent client, logged in as one of the two users through a file; `told` spares asking for outputs."""
        told = told or self.outputs()
        with tempfile.TemporaryDirectory() as folder:
            logins = {told["address"]: {"username": told[f"{who}Username"], "password": told[f"{who}Password"]}}
            (Path(folder) / "config.json").write_text(json.dumps({"auths": logins}))
            ended = subprocess.run(
                [*self.before, client_program("crane"), *arguments],
                env={**self.environment, "DOCKER_CONFIG": folder},
                check=False,
                capture_output=True,
                text=True,
            )
        if check:
            assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip() if ended.returncode == 0 else ended.stderr

    def registry_process(self) -> int | None:
        """The registry's process, or None where it does not run."""
        return next(iter(self.registries()), None)

    def registries(self) -> list[int]:
        """Every registry that was started for this checkout, of which there should never be two."""
        inside = os.fsencode(self.path) + b"/"
        return [process for process, words in commands() if words[1:2] == [b"registry"] and words[2].startswith(inside)]

    def kill_registry(self) -> None:
        """End the registry as a power cut would."""
        process = self.registry_process()
        assert process is not None
        os.kill(process, signal.SIGKILL)
        while self.registry_process() == process:
            pass

    def git_status(self) -> str:
        """What git would tell."""
        return subprocess.run(
            ["git", "status", "--short"], cwd=self.path, check=True, capture_output=True, text=True
        ).stdout

    def _use_block(self, name: str, lines: tuple[str, ...]) -> None:
        file = self.path / "Pulumi.dev.yaml"
        written = "".join(f"    {line}\n" for line in lines)
        block = re.compile(rf"^  hero:{name}:\n(    .*\n)*", re.MULTILINE)
        text, count = block.subn(lambda _: f"  hero:{name}:\n{written}", file.read_text())
        assert count == 1
        file.write_text(text)

    def _run(self, command: list[str]) -> Ended:
        process = self.start(*command)
        try:
            text, _ = process.communicate(timeout=SECONDS_FOR_A_COMMAND)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Ended(process.returncode, text)

    def _well(self, ended: Ended) -> Ended:
        assert ended.code == 0, ended.text
        return ended


def commands() -> Generator[tuple[int, list[bytes]]]:
    """Every process that is there, with the words it was started with; one that has ended has none."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue


CLIENTS = {"crane": "github.com/google/go-containerregistry/cmd/crane", "ko": "github.com/google/ko"}


def client_program(name: str) -> str:
    """A pinned client that knows nothing of us."""
    return str(build(ensure_go(ensure_packages()), ROOT / "tools" / "clients", CLIENTS[name], name) / name)


# Linux gives from 32768 on, others from 49152.
PORTS = range(20000, 30000)


def free_port() -> int:
    """A port that nobody has now, and that the system gives nobody who asks for any: it may be used much later."""
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def new_checkout(parent: Path, name: str = "hero") -> Generator[Checkout]:
    """A copy of all that git would commit here; whatever the test leaves running in it is ended."""
    path = parent / name
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for file in filter(None, listed.split("\0")):
        if (ROOT / file).exists():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, path / file)
    # The packages are the same; installing them again would prove nothing here. `make test` in a fresh clone does.
    (path / ".venv").symlink_to(ROOT / ".venv")
    port = free_port()
    stack_file = path / "Pulumi.dev.yaml"
    stack_file.write_text(stack_file.read_text().replace("port: 5001", f"port: {port}"))
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PULUMI_", "HERO_", "MAKE", "PYTHON")) and name not in ("MFLAGS", "STACK")
    }
    environment["PULUMI_HOME"] = str(parent / f"{name}-pulumi-home")
    # As Go does by itself, whatever this machine's user has set: the commit must not get into the image all the same.
    environment["GOFLAGS"] = "-buildvcs=auto"
    checkout = Checkout(path, port, environment)
    _commit(checkout)
    try:
        yield checkout
    finally:
        process = checkout.registry_process()
        if process is not None:
            os.kill(process, signal.SIGKILL)


def _commit(checkout: Checkout) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for words in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message", "start"]):
        subprocess.run(["git", *words], cwd=checkout.path, env=checkout.environment, check=True)
