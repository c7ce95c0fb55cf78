"""A preview as Markdown that fits into one comment of a pull request or an issue."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from tools.preview.events import SEVERITIES
from tools.preview.graph import draw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.preview.events import Change, Message, Preview, Resource

# GitHub refuses a comment that is longer, and GitLab's limit is above it.
LIMIT = 65_536
# Of that, in characters; the property diff has what the others leave.
MOST_OF_MESSAGES = 8_000
MOST_OF_TABLE = 18_000
MOST_OF_GRAPH = 16_000
ROOM_FOR_NOTES = 500
LONGEST_VALUE = 240
LONGEST_CELL = 120
MARKS = re.compile(r"([\\`*_{}\[\]<>#@!~|])")
PIPE = r"\|"
SIGNS = {
    "create": "+",
    "update": "~",
    "replace": "+-",
    "delete": "-",
    "import": "=",
    "forget": "-",
}
IN_WORDS = {
    "preview": {verb: f"to {verb}" for verb in SIGNS},
    "drift": {"update": "not as the state says", "delete": "gone", "create": "came"},
}
NOTHING = {"preview": "Nothing changes", "drift": "No drift: everything is as the state says"}
# A line of a `diff` block is green or red by its first letter.
LINES = {"add": "+", "delete": "-"}


def marker(verb: str, stack: str) -> str:
    """By which the comment of this stack is found again, so that it is updated and not repeated."""
    return f"<!-- hero {verb} of {stack} -->"


def render(preview: Preview, verb: str, stack: str) -> str:
    """The whole report; what does not fit is left out, and the report says so."""
    head = [marker(verb, stack), f"### {verb.capitalize()} of stack {_code(stack)}", "", _summary(preview, verb), ""]
    before = [*head, *_messages(preview.messages), *_policies(preview), *_table(preview, verb)]
    after = _graph(preview)
    room = LIMIT - ROOM_FOR_NOTES - sum(len(line) + 1 for line in [*before, *after])
    return "\n".join([*before, *_properties(preview, stack, room), *after]).rstrip("\n") + "\n"


def _summary(preview: Preview, verb: str) -> str:
    counts = Counter(each.operation for each in preview.changed)
    words = IN_WORDS[verb]
    told = ", ".join(
        f"**{counts[operation]} {words.get(operation, operation)}**" for operation in SIGNS if counts[operation]
    )
    unchanged = len(preview.resources) - len(preview.changed)
    rest = f"{unchanged} unchanged"
    outcome = f"{told or NOTHING[verb]}; {rest}." if preview.resources else ""
    if preview.succeeded:
        return outcome or f"{NOTHING[verb]}."
    return f"**It failed.** {outcome and f'Before it did: {outcome}'}".rstrip()


def _messages(messages: list[Message]) -> list[str]:
    said = sorted((each for each in messages if not each.policy), key=lambda each: SEVERITIES.index(each.severity))
    if not said:
        return []
    lines = [
        line
        for each in said
        for line in f"{each.severity}{f' ({each.name})' if each.name else ''}: {each.text}".splitlines()
    ]
    kept, left_out = _fitting(lines, MOST_OF_MESSAGES)
    return [*_fenced(kept, ""), *_note(left_out, "line"), ""]


def _policies(preview: Preview) -> list[str]:
    against = [each for each in preview.messages if each.policy]
    packs = ", ".join(f"{_code(name)} {version}".rstrip() for name, version in sorted(preview.packs.items()))
    if not against:
        return [f"Policies: nothing against it from {packs}.", ""] if packs else []
    rows = [f"| {each.severity} | {_code(each.policy)} | {_code(each.name)} | {_text(each.text)} |" for each in against]
    kept, left_out = _fitting(rows, MOST_OF_MESSAGES)
    return [
        "| level | policy | resource | what it has against it |",
        "| --- | --- | --- | --- |",
        *kept,
        *_note(left_out, "violation"),
        "",
    ]


def _table(preview: Preview, verb: str) -> list[str]:
    rows = [_row(each, verb) for each in preview.changed]
    if not rows:
        return []
    kept, left_out = _fitting(rows, MOST_OF_TABLE)
    heads = ["| | operation | resource | type | properties |", "| --- | --- | --- | --- | --- |"]
    return [*heads, *kept, *_note(left_out, "resource"), ""]


def _row(resource: Resource, verb: str) -> str:
    told = IN_WORDS[verb].get(resource.operation, resource.operation) if verb == "drift" else resource.operation
    if resource.stays:
        told += ", and it stays where it is"
    cells = [_code(SIGNS[resource.operation]), told, _code(resource.name), _code(resource.type), _paths(resource)]
    return f"| {' | '.join(cells)} |"


def _paths(resource: Resource) -> str:
    """Which properties differ; of what is new or goes that is all of them."""
    if resource.operation not in ("update", "replace"):
        return ""
    told = ", ".join(f"{each.path}{' (replaces)' if each.replaces else ''}" for each in resource.changes)
    return _code(_short(told, LONGEST_CELL)) if told else ""


def _properties(preview: Preview, stack: str, room: int) -> list[str]:
    lines = [line for resource in preview.changed for line in _of_resource(resource)]
    if preview.outputs:
        lines += ["  outputs of the stack", *_of_changes(preview.outputs)]
    if not lines:
        return []
    begin, end = ["<details><summary>Properties</summary>", ""], ["", "</details>", ""]
    kept, left_out = _fitting(lines, room - sum(map(len, begin + end)) - len(end))
    note = _note(left_out, "line", f"; ./pulumiw preview --stack {stack} --diff shows them")
    return [*begin, *_fenced(kept, "diff"), *note, *end]


def _of_resource(resource: Resource) -> Iterable[str]:
    sign = {"create": "+", "import": "+", "delete": "-", "forget": "-"}.get(resource.operation, " ")
    yield f"{sign} {resource.type} {resource.name} ({resource.operation})"
    yield from _of_changes(resource.changes)


def _of_changes(changes: Iterable[Change]) -> Iterable[str]:
    for each in changes:
        why = "  # replaces" if each.replaces else ""
        if each.kind != "add":
            yield f"-     {each.path}: {_value(each.old)}{why}"
        if each.kind != "delete":
            yield f"+     {each.path}: {_value(each.new)}{why}"


def _value(value: object) -> str:
    return _short(json.dumps(value, ensure_ascii=False), LONGEST_VALUE)


def _graph(preview: Preview) -> list[str]:
    if not preview.resources:
        return []
    lines, left_out = draw(preview)
    begin, end = ["<details><summary>Resources</summary>", ""], ["", "</details>", ""]
    if sum(len(line) + 1 for line in lines) > MOST_OF_GRAPH:
        return [*begin, "The graph is too large for a comment.", *end]
    return [*begin, *_fenced(lines, "mermaid"), *_note(left_out, "resource"), *end]


def _fitting(lines: list[str], room: int) -> tuple[list[str], int]:
    """As many of the first lines as fit into so many characters, and how many do not."""
    for count, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return lines[:count], len(lines) - count
    return lines, 0


def _note(left_out: int, what: str, more: str = "") -> list[str]:
    if not left_out:
        return []
    count = f"{left_out} more {what}{'' if left_out == 1 else 's'}"
    return ["", f"_{count}: left out, since a comment has room for no more{more}._"]


def _fenced(lines: list[str], language: str) -> list[str]:
    """A block that nothing in it can end."""
    runs = re.findall("`+", "\n".join(lines))
    fence = "`" * max(3, 1 + max(map(len, runs), default=0))
    return [f"{fence}{language}", *lines, fence]


def _code(text: str) -> str:
    """One word of code in a cell of a table."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', PIPE)}`" if text else ""


def _text(text: str) -> str:
    """What neither Markdown nor HTML nor a mention of somebody can come out of."""
    return MARKS.sub(r"\\\1", " ".join(text.split())).replace(r"\<", "&lt;").replace(r"\@", "&#64;")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
