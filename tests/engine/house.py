"""A stack of the real program under the real engine, and what a person does with it."""

import json
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from tests.engine.environment import SAVE_ONCE, environment_of
from tests.engine.faults import Fault, Happening, Stage
from tests.engine.keys import PROVIDER
from tests.engine.plugins import OURS, Plugins, end
from tests.engine.warm_host import WarmHost
from tests.engine.world import Call, World
from tools import backend, recovery, state_files, state_restore

ROOT = Path(__file__).resolve().parents[2]
LINKED = (".venv", "components", "providers", "tools")
COPIED = ("Pulumi.yaml", "__main__.py", "hero")
SECONDS_FOR_A_COMMAND = 600
SECONDS_BETWEEN_LOOKS = 0.05
COMPONENTS = ("hero:index:", "hero:registry:", "hero:image:", "hero:kubernetes:")
SEAL = re.compile(r"secure: '?([^'\s}]+)")
REPLACING = ("replace", "create-replacement", "delete-replaced")


class Secret(str):
    """A value of config that stands in the stack's file as a secret."""

    __slots__ = ()


@dataclass(frozen=True)
class Ran:
    """A command that has ended: all that it said, and what it did with each resource."""

    code: int
    text: str
    operations: dict[str, str]
    """`same`, `create`, `update`, `replace`, `delete`, … by the resource's name; components left out."""
    events: str = field(repr=False)

    @property
    def changes(self) -> dict[str, str]:
        """Those that were not left as they are, or only looked at."""
        looks = ("same", "refresh", "read")
        return {name: operation for name, operation in self.operations.items() if operation not in looks}


@dataclass
class House:
    """One project folder with a stack `dev`, whose plugins act upon a world that tests can look at."""

    path: Path
    world: World
    plugins: Plugins
    environment: dict[str, str] = field(repr=False)
    stack: str = "dev"
    genuine: frozenset[str] = frozenset()
    """The packages behind which there is the real plugin; none where everything is played."""
    saves_every_step: bool = False
    """Whether the CLI saves the state after each step, as it does for users; a command with a fault always does."""
    _commands: int = 0
    _seals: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Give the stack this config and no other."""
        file = self.path / f"Pulumi.{self.stack}.yaml"
        file.write_text(json.dumps({"config": {f"hero:{key}": self._sealed(value) for key, value in config.items()}}))

    def _sealed(self, value: object) -> object:
        """Secrets as they stand in a stack's file; each is sealed once."""
        if isinstance(value, Secret):
            if value not in self._seals:
                scratch = self.path / f"Pulumi.{self.stack}.yaml"
                scratch.write_text("{}")
                self._told("config", "set", "--secret", "--path", "sealed", input=value)
                self._seals[value] = SEAL.findall(scratch.read_text())[0]
            return {"secure": self._seals[value]}
        if isinstance(value, dict):
            return {key: self._sealed(each) for key, each in cast("dict[str, object]", value).items()}
        if isinstance(value, list):
            return [self._sealed(each) for each in cast("list[object]", value)]
        return value

    def when(self, method: str, happens: Happening, kind: str = "", nth: int = 1, name: str = "") -> Fault:
        """Let something happen at the n-th call of a kind or about one name, in the next command."""
        fault = Fault(method, happens, kind, nth, name)
        self.plugins.faults[:] = [fault]
        return fault

    def lacks(self, needs: set[str]) -> set[str]:
        """What of this is not there; a stand-in can play everything."""
        return needs - self.genuine if self.genuine else set()

    def preview(self) -> Ran:
        """`pulumi preview` that must end well."""
        return self.well(self.run("preview"))

    def up(self) -> Ran:
        """`pulumi up` that must end well."""
        return self.well(self.run("up", "--yes", "--skip-preview"))

    def refresh(self) -> Ran:
        """`pulumi refresh` that must end well."""
        return self.well(self.run("refresh", "--yes", "--skip-preview"))

    def destroy(self) -> Ran:
        """`pulumi destroy` that must end well."""
        return self.well(self.run("destroy", "--yes", "--skip-preview"))

    def failing(self, verb: str) -> Ran:
        """The same as `up` or `destroy`, but it must not end well."""
        ran = self.run(verb, "--yes", "--skip-preview")
        assert ran.code != 0, ran.text
        return ran

    def run(self, *arguments: str) -> Ran:
        """Any command of Pulumi's on the stack; it is killed with all it started where it does not end by itself."""
        process, log = self._start(arguments)
        return self._ended(process, log)

    def run_and_interrupt(self, *arguments: str) -> Ran:
        """The same, interrupted as by Ctrl-C as soon as the next fault has struck."""
        process, log = self._start(arguments)
        while process.poll() is None and not all(fault.struck for fault in self.plugins.faults):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        process.send_signal(signal.SIGINT)
        return self._ended(process, log)

    def _start(self, arguments: tuple[str, ...]) -> tuple[subprocess.Popen[str], Path]:
        self._commands += 1
        log = self.path.parent / f"{self.stack}-events-{self._commands}.json"
        words = ["--stack", self.stack, "--non-interactive", "--event-log", str(log), "--color", "never"]
        every_step = self.saves_every_step or bool(self.plugins.faults) or "--debug" in arguments
        process = subprocess.Popen(
            ["pulumi", *arguments, *words],
            cwd=self.path,
            env=self.environment if every_step else {**self.environment, **SAVE_ONCE},
            text=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.plugins.stage = Stage(lambda: end(process, signal.SIGKILL))
        return process, log

    def _ended(self, process: subprocess.Popen[str], log: Path) -> Ran:
        watch = threading.Timer(SECONDS_FOR_A_COMMAND, end, (process, signal.SIGKILL))
        watch.start()
        text, _ = process.communicate()
        watch.cancel()
        self.plugins.stage.given_up.set()
        self.plugins.faults.clear()
        events = log.read_text() if log.exists() else ""
        if process.returncode == -signal.SIGKILL:  # it may have been in the middle of a line
            events = events[: events.rfind("\n") + 1]
        return Ran(process.returncode, text, _operations(events), events)

    def well(self, ran: Ran) -> Ran:
        """A command that has ended well."""
        assert ran.code == 0, ran.text
        return ran

    def let_go(self) -> None:
        """Take away the lock of a run that was killed, and look at what it has done, as ./pulumiw does by itself."""
        backend.mend_descriptions(self._backend)
        lacks_a_step = self._repair_files()
        self._told("cancel", "--yes", positional=True)
        state = json.loads(self._told("stack", "export"))["deployment"]
        for command in recovery.commands(state, lacks_a_step=lacks_a_step):
            self.well(self.run(*command))

    def _repair_files(self) -> bool:
        """Repair what a crash has cut short, as ./pulumiw does; returns whether the state lacks a step."""
        files = state_restore.stack_files(self._backend, self._project, self.stack)
        locks = self._backend / "locks" / "organization" / self._project / self.stack
        was_interrupted = locks.is_dir() and any(locks.iterdir())
        state_files.remove_broken_locks(locks, self.path)
        state_files.remove_broken_meta(self._backend / "meta.yaml")
        state_files.remove_unfinished(files.unfinished())
        state_files.set_history_aside(files.history)
        return state_restore.restore(files, self.stack, was_interrupted=was_interrupted)

    def truncate(self, chance: random.Random) -> None:
        """Cut short some of the files that a run has written last, as a full disk or a power cut does."""
        files = state_restore.stack_files(self._backend, self._project, self.stack)
        locks = self._backend / "locks" / "organization" / self._project / self.stack
        found = [files.state, files.state.with_name(f"{files.state.name}.attrs"), self._backend / "meta.yaml"]
        found += [*locks.glob("*.json"), *files.history.glob("*.history.json")]
        there = [file for file in found if file.exists()]
        for file in chance.sample(there, chance.randint(1, len(there))):
            content = file.read_bytes()
            file.write_bytes(chance.choice((b"", content[: len(content) // 2], b"\0" * len(content))))

    def become(self, other: "House") -> None:
        """Have the state and the world of another house."""
        shutil.copytree(other._backend, self._backend, dirs_exist_ok=True)  # noqa: SLF001 - of its own kind
        self.world.become(other.world)
        self._seals.update(other._seals)  # noqa: SLF001 - of its own kind

    def leave_nothing(self) -> None:
        """Take away what genuine plugins have made, whatever a test has left of it."""
        self.let_go()
        self.run("destroy", "--yes", "--skip-preview")

    def calls(self, *methods: str) -> list[Call]:
        """What the providers were asked to do, in order; previews left out."""
        return [call for call in self.world.calls if call.method in methods and not call.preview]

    def outputs(self) -> dict[str, Any]:
        """All that the stack tells, secrets in clear."""
        return json.loads(self._told("stack", "output", "--json", "--show-secrets"))

    def state(self) -> dict[str, Any]:
        """Every resource in the state as the engine wrote it, secrets sealed, by its name."""
        file = self._backend / "stacks" / self._project / f"{self.stack}.json"
        latest: dict[str, Any] = json.loads(file.read_text())["checkpoint"]["latest"]
        resources: list[dict[str, Any]] = latest.get("resources") or []
        return {each["urn"].rpartition("::")[2]: each for each in resources}

    def exported(self) -> dict[str, Any]:
        """The whole state as the CLI exports it, secrets in clear."""
        return json.loads(self._told("stack", "export", "--show-secrets"))

    def kept(self) -> str:
        """Every byte of the state, its backups and its history."""
        return _text(self._backend.rglob("*"))

    def written(self) -> str:
        """Every byte that this stack's commands left on disk: what is kept, and the events."""
        return self.kept() + _text(self.path.parent.glob("*-events-*.json"))

    @property
    def _project(self) -> str:
        return yaml.safe_load((self.path / "Pulumi.yaml").read_text())["name"]

    @property
    def _backend(self) -> Path:
        """Where its state is kept; a program in another language has a folder of its own, but the same backend."""
        return Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi"

    def is_empty(self) -> bool:
        """Whether nothing is left, neither in the state nor in the world."""
        return not self.state() and self.world.is_as_before()

    def neighbour(self, stack: str) -> "House":
        """Another stack of the same folder, in the same world."""
        other = House(self.path, self.world, self.plugins, self.environment, stack)
        other.init()
        return other

    def init(self) -> None:
        """Make the stack."""
        self.configure({})
        self._told("stack", "init", "--secrets-provider", PROVIDER)

    def _told(self, *arguments: str, positional: bool = False, input: str = "") -> str:  # noqa: A002 - subprocess's
        stack = [self.stack] if positional else ["--stack", self.stack]
        ended = subprocess.run(
            ["pulumi", *arguments, *stack, "--non-interactive"],
            cwd=self.path,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            input=input,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


def _text(files: Iterable[Path]) -> str:
    return "\n".join(file.read_text() for file in files if file.is_file())


def _operations(events: str) -> dict[str, str]:
    operations: dict[str, str] = {}
    for line in events.splitlines():
        event = json.loads(line)
        metadata: dict[str, str] = event.get("resourcePreEvent", {}).get("metadata", {"type": "pulumi:"})
        if metadata["type"].startswith(("pulumi:", *COMPONENTS)):
            continue
        name, operation = metadata["urn"].rpartition("::")[2], metadata["op"]
        operations[name] = "replace" if operation in REPLACING else operation
    return operations


def new_house(
    folder: Path, genuine: dict[str, Path], template: Path | None = None, warm_host: WarmHost | None = None
) -> House:
    """A project folder as the program needs it; whoever makes one closes its plugins."""
    path = folder / "house"
    path.mkdir()
    for name in LINKED:
        (path / name).symlink_to(ROOT / name)
    for name in COPIED:
        source = ROOT / name
        _ = shutil.copytree(source, path / name) if source.is_dir() else shutil.copy(source, path / name)
    world = World(folder / "world.json", path)
    plugins = Plugins(folder / "pulumi-home", world)
    plugins.install(path / "bin" / f"pulumi-resource-{OURS}", genuine)
    # The CLI writes a compressed log of each command there, unless it cannot: another tenth of its CPU time.
    (plugins.home / "logs").touch()
    environment = environment_of(path, plugins.home)
    if warm_host is not None:
        environment = warm_host.within(environment)
    house = House(path, world, plugins, environment, genuine=frozenset(genuine))
    if template is None:
        house.init()
    else:
        shutil.copytree(template, path / ".pulumi")
    return house
