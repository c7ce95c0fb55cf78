"""What a rule is, and what it sees of a resource."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast


class Unknown:
    """Stands for what a preview does not know yet; a rule has nothing against that."""

    def __repr__(self) -> str:
        """As Pulumi shows it."""
        return "[unknown]"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Said:
    """What a stack's file says to the rules."""

    production: bool = False
    """`policy:production`: whether what the stack keeps is somebody's."""
    keep_data: bool = False
    """`keepData` of the registry: whether what it keeps outlives the stack."""
    rotate: str = ""
    """`rotate` of the registry: which generation of its passwords this is."""


@dataclass(frozen=True)
class Resource:
    """One resource as a program asks for it, secrets in clear: a rule never repeats a value."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    protected: bool = False
    """Whether Pulumi refuses to delete it."""

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Every value that is neither a map nor a list, by its path; also those inside texts that are JSON."""
        yield from leaves(self.inputs)


Check = Callable[[Resource, Said], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """One policy: what it has against a resource, in words that name the property and never its value."""

    name: str
    description: str
    check: Check
    advisory: bool = False
    """Whether it only warns; in a stack that is marked as production none does."""


def leaves(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is neither a map nor a list, by its path."""
    inside = _parsed(value)
    if isinstance(inside, dict):
        for name, each in cast("dict[str, object]", inside).items():
            yield from leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(inside, list):
        for place, each in enumerate(cast("list[object]", inside)):
            yield from leaves(each, f"{path}[{place}]")
    else:
        yield path, value


def at(inputs: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON
    """What stands at a path of names; None where nothing does, and UNKNOWN where that is not known."""
    found: object = inputs
    for name in path.split("."):
        if not isinstance(found, dict):
            return found if isinstance(found, Unknown) else None
        found = cast("dict[str, object]", found).get(name)
    return found


def last_name(path: str) -> str:
    """The name of a property, without all that leads to it."""
    return path.rpartition(".")[2].partition("[")[0]


def _parsed(value: object) -> object:
    """A text that is a map or a list in JSON as that, since some registries are configured by one."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
