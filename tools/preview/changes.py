"""What differs in one resource, property by property, with nothing in it that is secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pulumi.automation.events import DiffKind, OpType

from tools.preview.masks import SECRET, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pulumi.automation.events import StepEventMetadata, StepEventStateMetadata

    from tools.preview.masks import Masks

KINDS = {
    DiffKind.ADD: "add",
    DiffKind.ADD_REPLACE: "add",
    DiffKind.DELETE: "delete",
    DiffKind.DELETE_REPLACE: "delete",
    DiffKind.UPDATE: "update",
    DiffKind.UPDATE_REPLACE: "update",
}
REPLACING = (DiffKind.ADD_REPLACE, DiffKind.DELETE_REPLACE, DiffKind.UPDATE_REPLACE)
# A path as the engine writes it: `a.b[0]["c.d"]`.
SEGMENT = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.?([^.\[\]]+)')
PLAIN_NAME = re.compile(r"[\w-]+")


class Absent:
    """What is not there, where None would be a value."""


ABSENT = Absent()


@dataclass(frozen=True)
class Side:
    """A value before or after, to compare and to show."""

    raw: Any = ABSENT
    masked: Any = None

    def part(self, name: str) -> Side:
        """What a map has under a name; the name may be masked too."""
        if name not in self.raw:
            return Side()
        return Side(self.raw[name], self.masked.get(name, SECRET))


@dataclass(frozen=True)
class Change:
    """Of one property; what is masked is masked already."""

    path: str
    kind: str
    """`add`, `delete` or `update`."""
    old: Any = None
    new: Any = None
    replaces: bool = False
    """Whether it is why the resource is replaced."""


def changes(step: StepEventMetadata, masks: Masks, *, looked_at: bool) -> tuple[Change, ...]:
    """Of a step; where it was only looked at what is there, against that rather than against what is wanted."""
    old, new = step.old, step.new
    if step.op in (OpType.SAME, OpType.REFRESH):
        return ()
    if old is None or new is None:
        return _all_of(old or new, "delete" if new is None else "add", masks)
    made: list[Change] = []
    for path, difference in (step.detailed_diff or {}).items():
        before = old.inputs if difference.input_diff else old.outputs
        after = new.outputs if looked_at else new.inputs
        sides = (_found(before, path, step.type, masks), _found(after, path, step.type, masks))
        made += _within(masks.text(path), KINDS[difference.diff_kind], *sides, difference.diff_kind in REPLACING)
    if made or not step.diffs:
        return tuple(made)
    return tuple(top_level(old.inputs or {}, new.inputs or {}, step.diffs, step.type, masks))


def _within(path: str, kind: str, old: Side, new: Side, replaces: bool = False) -> list[Change]:  # noqa: FBT001, FBT002
    """The change, or those of the parts that differ where both are maps or lists of the same length."""
    if kind == "update":
        parts = [
            change
            for name, one, other in _parts(old, new)
            if one.raw != other.raw
            for change in _within(f"{path}{name}", _kind(one, other), one, other, replaces)
        ]
        if parts:
            return parts
    return [
        Change(path, kind, None if kind == "add" else old.masked, None if kind == "delete" else new.masked, replaces)
    ]


def _kind(one: Side, other: Side) -> str:
    return "add" if one.raw is ABSENT else "delete" if other.raw is ABSENT else "update"


def _parts(old: Side, new: Side) -> Iterator[tuple[str, Side, Side]]:
    """Each part of both, by how it continues the path; nothing of what is one value, or hidden as a whole."""
    both = (old.raw, new.raw, old.masked, new.masked)
    if all(isinstance(each, dict) for each in both):
        for name in {**old.raw, **new.raw}:
            yield f".{name}" if PLAIN_NAME.fullmatch(name) else f'["{name}"]', old.part(name), new.part(name)
    elif all(isinstance(each, list) for each in both) and len(old.raw) == len(new.raw):
        for place in range(len(old.raw)):
            one, other = (Side(each.raw[place], each.masked[place]) for each in (old, new))
            yield f"[{place}]", one, other


def _all_of(state: StepEventStateMetadata | None, kind: str, masks: Masks) -> tuple[Change, ...]:
    """Every property of what is made or goes."""
    found = (
        [(name, masks.value(value, name, state.type)) for name, value in (state.inputs or {}).items()] if state else []
    )
    if kind == "add":
        return tuple(Change(name, kind, new=value) for name, value in found)
    return tuple(Change(name, kind, old=value) for name, value in found)


def top_level(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str], kind: str, masks: Masks
) -> Iterator[Change]:
    """Of these properties, by what both sides hold."""
    for name in names:
        one, other = (
            Side(state[name], masks.value(state[name], name, kind)) if name in state else Side() for state in (old, new)
        )
        yield from _within(masks.text(name), _kind(one, other), one, other)


def _found(properties: Mapping[str, Any] | None, path: str, kind: str, masks: Masks) -> Side:
    """What stands at a path, masked as everything above it asks for."""
    found: object = dict(properties or {})
    names: list[str] = []
    for quoted, index, plain in SEGMENT.findall(path):
        if is_secret(found):
            break
        if index:
            within = cast("list[object]", found) if isinstance(found, list) else []
            found = within[int(index)] if int(index) < len(within) else None
        else:
            names.append(quoted or plain)
            found = cast("dict[str, object]", found).get(names[-1]) if isinstance(found, dict) else None
    # Wrapped in all that leads to it, so that a name above it hides it too.
    wrapped = found
    for name in reversed(names):
        wrapped = {name: wrapped}
    masked = masks.value(wrapped, kind=kind)
    for name in names:
        masked = cast("dict[str, Any]", masked)[masks.text(name)]
    return Side(found, masked)
