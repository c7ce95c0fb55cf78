"""Which messages of the engine a report contains, and what happens to an event log that cannot be read."""

import json
import re

import pytest

from tests.previews import events
from tests.previews.written import created, said
from tools.preview.events import CUT_OFF, read
from tools.preview.markdown import MOST_OF_MESSAGES, render
from tools.preview.masks import SECRET, Masks
from tools.problem import Problem

URN = "urn:pulumi:dev::hero::hero:registry:Registry$hero-home:provider:Home::home"
MOVE = "Hero moves from embedded to dockerhub. Then embedded goes with all that lives there."


def messages_of(*lines: str, masks: Masks | None = None) -> list[str]:
    """Return the lines of the report's message block."""
    report = render(read([*lines, *events("unchanged")], masks or Masks()), "preview", "dev")
    block = re.search(r"^```\n(.*?)^```$", report.partition("<details>")[0], re.DOTALL | re.MULTILINE)
    return block[1].splitlines() if block else []


def test_report_contains_announcement_of_resource() -> None:
    assert messages_of(said("info", MOVE, urn=URN)) == [f"info (home): {MOVE}"]


def test_report_announcement_masked_and_without_colours() -> None:
    shown = messages_of(said("info", "\x1b[1mmoves\x1b[0m to the-token", urn=URN), masks=Masks(["the-token"]))
    assert shown == [f"info (home): moves to {SECRET}"]


def test_report_omits_progress_and_output_of_the_program() -> None:
    progress = said("info", "pushing 3 of 7", urn=URN, ephemeral=True)
    assert messages_of(progress, said("info", "resolving"), said("info#err", "print()", urn=URN)) == []


def test_report_lists_errors_first_and_no_message_twice() -> None:
    told = [said("info", MOVE, urn=URN), said("warning", "w"), said("error", "e"), said("info", MOVE, urn=URN)]
    assert messages_of(*told) == ["error: e", "warning: w", f"info (home): {MOVE}"]


def test_report_keeps_errors_before_many_announcements() -> None:
    many = [said("info", f"{number} {'x' * 100}", urn=URN) for number in range(200)]
    shown = messages_of(*many, said("error", "the cause"))
    assert shown[0] == "error: the cause"
    assert sum(map(len, shown)) <= MOST_OF_MESSAGES


def test_log_cut_inside_last_line_reported_as_failed() -> None:
    line = created("thing", {"a": "1"})
    report = render(read([line, line[: len(line) // 2]], Masks()), "preview", "dev")
    assert "**It failed.** Before it did: **1 to create**" in report
    assert f"warning: {CUT_OFF}" in report


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "null",
        '"text"',
        '{"resourcePreEvent": [1]}',
        '{"resourcePreEvent": {"metadata": {"op": "teleport", "urn": "u", "type": "t"}}}',
        '{"resourcePreEvent": {"metadata": {"op": "update", "detailedDiff": {"a": {"diffKind": "odd"}}}}}',
        '{"diagnosticEvent": 7}',
    ],
)
def test_log_with_unreadable_line_refused_with_its_number(line: str) -> None:
    with pytest.raises(Problem, match=r"cannot read the event log of Pulumi: line 2: .*\nhint: "):
        read([created("thing", {}), line, *events("unchanged")], Masks())


def test_log_with_empty_lines_read() -> None:
    assert read(["", *events("changed"), ""], Masks()) == read(events("changed"), Masks())


def test_log_with_line_separators_inside_a_text_read() -> None:
    line = json.dumps(json.loads(said("error", "one\u2028two")), ensure_ascii=False)
    assert messages_of(line) == ["error: one", "two"]
