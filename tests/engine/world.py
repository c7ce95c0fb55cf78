"""The world that stand-ins act upon: what there is, who may push where, and what was called, in order."""

import copy
import hashlib
import json
import shutil
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


class Refusal(Exception):
    """What the service behind a provider answers to what it will not do."""


@dataclass(frozen=True)
class Call:
    """One request of the engine about one resource."""

    method: str
    type: str
    name: str
    preview: bool = False


@dataclass
class Thing:
    """Something that exists."""

    type: str
    name: str
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Login:
    """Who may use a registry, and for what."""

    username: str
    password: str
    """In clear, or its hash."""
    may_push: bool


@dataclass
class Registry:
    """A registry of images: who may use it, and which digest each tag of a repository names."""

    logins: list[Login] = field(default_factory=list[Login])
    repositories: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    namespace: str = ""
    """Of a cluster, where it runs in one."""


class World:
    """Kept in a file, so that it outlives whoever acts upon it and can be read when a scenario fails."""

    def __init__(self, file: Path, folder: Path) -> None:
        """What the file holds already is in it. Paths that a program names are relative to the folder."""
        self.file = file
        self.folder = folder
        self.forgotten = file.with_suffix(".forgotten")
        """Names, one a line, of what may be there and is nobody's: whoever makes such a thing takes it over."""
        self.is_killed_half_way = False
        """Whether what takes several steps is to end after the first."""
        self._lock = threading.RLock()
        self._made: Counter[str] = Counter()
        self.things: dict[str, Thing] = {}
        self.registries: dict[str, Registry] = {}
        self.records: dict[str, dict[str, Any]] = {}
        """What Helm has stored of each release, by its namespace and name."""
        self.calls: list[Call] = []
        """Since this object is there; what was called before is not in the file."""
        self._settled: tuple[dict[str, Thing], dict[str, Registry]] = {}, {}
        if file.exists():
            self._read()

    def settle(self) -> None:
        """What is there now was there before any stack."""
        with self.changed():
            self._settled = copy.deepcopy((self.things, self.registries))

    def is_as_before(self) -> bool:
        """Whether nothing is there but what was there before any stack."""
        return (self.things, self.registries) == self._settled and not self.records

    @contextmanager
    def changed(self) -> Generator[None]:
        """Change it as one step; others wait."""
        with self._lock:
            yield
            self._write()

    def become(self, other: "World") -> None:
        """Have in it what another world has, and nothing called yet."""
        with self._lock:
            shutil.copy(other.file, self.file)
            self._read()

    def record(self, call: Call) -> None:
        """Write down what was asked."""
        with self._lock:
            self.calls.append(call)

    def number(self, kind: str) -> int:
        """The next free number of a kind, from 1."""
        with self._lock:
            self._made[kind] += 1
            return self._made[kind]

    def is_forgotten(self, identity: str) -> bool:
        """Whether a thing of this name is nobody's; for the next who asks it is not any more."""
        names = self.forgotten.read_text().splitlines() if self.forgotten.exists() else []
        if identity not in names:
            return False
        self.forgotten.write_text("".join(f"{name}\n" for name in names if name != identity))
        return True

    def find(self, kind: str, **outputs: object) -> Thing | None:
        """The thing of this type with these outputs."""
        for thing in self.things.values():
            if thing.type == kind and all(thing.outputs.get(key) == value for key, value in outputs.items()):
                return thing
        return None

    def named(self, name: str) -> Thing:
        """The thing that the program calls so."""
        (found,) = [thing for thing in self.things.values() if thing.name == name]
        return found

    def log_in(self, address: str, username: str, password: str, *, to_push: bool) -> Registry:
        """A registry, for whoever may use it; anybody else is refused as a registry would."""
        registry = self.registries.get(address)
        if registry is None:
            raise Refusal(f"dial tcp {address}: connect: connection refused")
        proofs = (password, hash_of(password))
        known = [login for login in registry.logins if login.username == username and login.password in proofs]
        if not known:
            raise Refusal(f"401 Unauthorized: {address} does not know {username} by this password")
        if to_push and not any(login.may_push for login in known):
            raise Refusal(f"403 Forbidden: {username} may not push to {address}")
        return registry

    def _write(self) -> None:
        content = {
            "made": self._made,
            "records": self.records,
            "now": _plain(self.things, self.registries),
            "settled": _plain(*self._settled),
        }
        # Beside it and then in its place, so that nobody finds half of it.
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(content))
        new.replace(self.file)

    def _read(self) -> None:
        content = json.loads(self.file.read_text())
        self._made = Counter(content["made"])
        self.records = content["records"]
        self.things, self.registries = _read(content["now"])
        self._settled = _read(content["settled"])


def hash_of(password: str) -> str:
    """Of the form of a bcrypt hash; the same password has the same one."""
    return f"$2a$10${hashlib.sha256(password.encode()).hexdigest()[:53]}"


def _plain(things: dict[str, Thing], registries: dict[str, Registry]) -> dict[str, Any]:
    return {
        "things": {identifier: asdict(thing) for identifier, thing in things.items()},
        "registries": {address: asdict(registry) for address, registry in registries.items()},
    }


def _read(plain: dict[str, Any]) -> tuple[dict[str, Thing], dict[str, Registry]]:
    things = {identifier: Thing(**each) for identifier, each in plain["things"].items()}
    registries = {
        address: Registry([Login(**login) for login in each["logins"]], each["repositories"], each["namespace"])
        for address, each in plain["registries"].items()
    }
    return things, registries
