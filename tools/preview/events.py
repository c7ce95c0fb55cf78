"""Reads an engine's event log: what a preview would do with each resource, and what was said along the way."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulumi.automation.events import EngineEvent, OpType

from tools.cli import VERSION
from tools.preview.changes import Change, changes, top_level
from tools.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pulumi.automation.events import DiagnosticEvent, StepEventMetadata

    from tools.preview.masks import Masks

STACK = "pulumi:pulumi:Stack"
# The engine makes one of its own for each package, which is nobody's choice.
DEFAULT_PROVIDER = re.compile(r"::pulumi:providers:[^:]+::default(_|$)")
OPERATIONS = {
    OpType.SAME: "same",
    OpType.REFRESH: "same",
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.DELETE: "delete",
    OpType.REPLACE: "replace",
    OpType.CREATE_REPLACEMENT: "replace",
    OpType.DELETE_REPLACED: "replace",
    OpType.READ: "read",
    OpType.READ_REPLACEMENT: "replace",
    OpType.DISCARD: "forget",
    OpType.DISCARD_REPLACED: "replace",
    OpType.REMOVE_PENDING_REPLACE: "replace",
    OpType.IMPORT: "import",
    OpType.IMPORT_REPLACEMENT: "replace",
}
# Providers that come from Terraform name a file for each type, which says nothing.
FILE_OF_A_TYPE = re.compile(r"/(\w+)(?=:\1$)", re.IGNORECASE)
# In the order in which a report lists them. Of `info`, only what is about a resource: such as where its images go.
SEVERITIES = ("error", "warning", "info")
CUT_OFF = "the event log ends inside of a line: the engine was killed, and what it saw afterwards is missing"
COLOURS = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")


@dataclass(frozen=True)
class Resource:
    """What would become of one."""

    urn: str
    type: str
    name: str
    parent: str
    operation: str
    """`same`, `create`, `update`, `replace`, `delete`, `read`, `import` or `forget`."""
    changes: tuple[Change, ...] = ()
    stays: bool = False
    """Whether what is deleted from the state stays where it is."""


@dataclass(frozen=True)
class Message:
    """An error, a warning, a resource's announcement, or what a policy has against a resource."""

    severity: str
    """`error`, `warning`, `info`, `mandatory` or `advisory`."""
    text: str
    name: str = ""
    """Of the resource that it is about, if it is about one."""
    policy: str = ""


@dataclass
class Preview:
    """All that a report says."""

    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    """By URN, in the order in which the engine came to them."""
    outputs: tuple[Change, ...] = ()
    messages: list[Message] = field(default_factory=list[Message])
    packs: dict[str, str] = field(default_factory=dict[str, str])
    """The policy packs that were asked, with their versions. The engine calls a local one `hero|local|policies`."""
    succeeded: bool = False

    @property
    def changed(self) -> list[Resource]:
        """Those that would not be left as they are."""
        return [each for each in self.resources.values() if each.operation not in ("same", "read")]


def read(lines: Iterable[str], masks: Masks) -> Preview:
    """What the lines of an event log say, with no secret in it."""
    preview = Preview()
    refreshed: set[str] = set()
    for found, event in _events(list(lines)):
        if event is None:
            preview.messages.append(Message("warning", CUT_OFF))
            continue
        step = event.resource_pre_event or event.res_outputs_event
        if step is not None and event.resource_pre_event and step.metadata.op == OpType.REFRESH:
            refreshed.add(step.metadata.urn)
        if step is not None:
            _take(preview, step.metadata, masks, looked_at=step.metadata.urn in refreshed)
        elif event.summary_event is not None:
            # The SDK reads it without what came of it.
            packs = event.summary_event.policy_packs or {}
            preview.packs = {name.partition("|")[0]: version for name, version in packs.items()}
            preview.succeeded = found["summaryEvent"].get("result") == "succeeded"
        else:
            preview.messages += [each for each in _messages(event, masks) if not _is_repeated(each, preview)]
    return preview


def _events(lines: list[str]) -> Iterator[tuple[dict[str, Any], EngineEvent | None]]:
    """Yield each line as it was written and as an event; no event where the log ends inside of the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found: dict[str, Any] = json.loads(line)
            yield found, EngineEvent.from_json(found)  # pyright: ignore[reportUnknownMemberType]
        except ValueError as error:
            # The engine was killed while it wrote its last line.
            if number == len(lines) and isinstance(error, json.JSONDecodeError):
                yield {}, None
                return
            raise _unreadable(number, error) from error
        except (AttributeError, KeyError, TypeError) as error:
            raise _unreadable(number, error) from error


def _unreadable(number: int, error: Exception) -> Problem:
    cause = f"{type(error).__name__}: {error}"
    return Problem(f"cannot read the event log of Pulumi: line {number}: {cause}\nhint: install Pulumi {VERSION}")


def _messages(event: EngineEvent, masks: Masks) -> list[Message]:
    said, policy = event.diagnostic_event, event.policy_event
    if said is not None and said.severity in SEVERITIES and (said.severity != "info" or _is_announcement(said)):
        return [Message(said.severity, _plain(said.message, masks), _name(said.urn or ""))]
    if policy is not None:
        name = _name(policy.resource_urn or "")
        return [Message(policy.enforcement_level, _plain(policy.message, masks), name, policy.policy_name)]
    return []


def _is_announcement(said: DiagnosticEvent) -> bool:
    """Report whether a resource says what becomes of it; what is shown for a moment is progress."""
    return bool(said.urn) and not said.ephemeral


def _is_repeated(message: Message, preview: Preview) -> bool:
    """Report whether an announcement was made before: the engine diffs a resource that it replaces twice."""
    return message.severity == "info" and message in preview.messages


def _plain(text: str, masks: Masks) -> str:
    return masks.text(COLOURS.sub("", text)).strip()


def _take(preview: Preview, step: StepEventMetadata, masks: Masks, *, looked_at: bool) -> None:
    if step.type == STACK:
        preview.outputs = _outputs(step, masks)
    if DEFAULT_PROVIDER.search(step.urn):
        return
    state = step.new or step.old
    known = preview.resources.get(step.urn)
    operation = OPERATIONS[step.op]
    if known is not None and (operation == "same" or known.operation == "replace"):
        return
    preview.resources[step.urn] = Resource(
        urn=step.urn,
        type=_short(step.type),
        name=masks.text(_name(step.urn)),
        parent=state.parent if state else "",
        operation=operation,
        changes=changes(step, masks, looked_at=looked_at),
        stays=operation == "delete" and bool(step.old and step.old.retain_on_delete),
    )


def _outputs(step: StepEventMetadata, masks: Masks) -> tuple[Change, ...]:
    old = (step.old.outputs if step.old else None) or {}
    new = (step.new.outputs if step.new else None) or {}
    differing = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return tuple(top_level(old, new, differing, "", masks))


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _short(token: str) -> str:
    """`random:index/randomPassword:RandomPassword` as Pulumi shows it, `random:index:RandomPassword`."""
    return FILE_OF_A_TYPE.sub("", token)
