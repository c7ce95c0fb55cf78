"""The verdict in Markdown: a table for docs/conformance.md, and below it what is to be done."""

from collections import Counter
from collections.abc import Iterable

from tests.conformance.verdict import Result, Verdict

LONGEST_REASON = 200


def report(verdict: Verdict) -> str:
    """The table, what was skipped, and what the list does not say."""
    skipped = [result for result in verdict.results if result.status == "skipped"]
    parts = [
        _table(verdict),
        _names("Skipped", skipped),
        _names("Failed, and not listed", verdict.new),
        _names("Listed, and not failing: take it out of the list", [Result(name, "passed") for name in verdict.mended]),
    ]
    return "\n\n".join(filter(None, parts))


def _table(verdict: Verdict) -> str:
    groups = list(dict.fromkeys(result.group for result in verdict.results))
    rows = [_row(group, *_figures(verdict, group)) for group in groups]
    head = ["| group | passed | failed as known | skipped |", "| --- | ---: | ---: | ---: |"]
    return "\n".join([*head, *rows, _row("**all**", *_figures(verdict))])


def _figures(verdict: Verdict, group: str | None = None) -> tuple[int, int, int]:
    def count(results: Iterable[Result], status: str) -> int:
        return sum(1 for result in results if result.status == status and group in (None, result.group))

    results = verdict.results
    failed_as_known = count(results, "failed") - count(verdict.new, "failed")
    return count(results, "passed"), failed_as_known, count(results, "skipped")


def _row(group: str, *figures: int) -> str:
    return " | ".join([f"| {group}", *map(str, figures)]) + " |"


def _names(heading: str, results: Iterable[Result]) -> str:
    """Each name as the list has it, so that it may be copied there."""
    results = list(results)
    reasons = {result.name: result.reason for result in reversed(results)}
    times = Counter(result.name for result in results)
    lines = [f"- `{_entry(name, times[name])}`{_because(reasons[name])}" for name in times]
    return "\n".join([f"{heading}:", "", *lines]) if lines else ""


def _entry(name: str, times: int) -> str:
    return name if times == 1 else f"{name} ({times} times)"


def _because(reason: str) -> str:
    return f" - {reason[:LONGEST_REASON]}" if reason else ""
