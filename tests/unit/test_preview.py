"""What a pull request's comment says, of event logs that the real CLI wrote down."""

import json
import re

import pytest

from tests.previews import NAMES, events
from tests.previews.written import created, said, updated, violation
from tools.preview.events import Preview, read
from tools.preview.graph import MOST_NODES
from tools.preview.markdown import LIMIT, marker, render
from tools.preview.masks import Masks

STACK = "dev"
every_log = pytest.mark.parametrize("name", NAMES)


def preview_of(name: str, masks: Masks | None = None) -> Preview:
    """A recorded one, read."""
    return read(events(name), masks or Masks())


def report_of(name: str, masks: Masks | None = None, verb: str = "preview") -> str:
    """A recorded one, as Markdown."""
    return render(preview_of(name, masks), verb, STACK)


def row_of(report: str, resource: str) -> list[str]:
    """The cells of one resource."""
    (line,) = [line for line in report.splitlines() if line.startswith("| `") and f"| `{resource}` |" in line]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


# What is read.


def test_each_resource_has_the_operation_that_the_engine_would_do() -> None:
    found = {each.name: each.operation for each in preview_of("changed").changed}
    assert found == {
        "zot-puller-password": "replace",
        "zot-pusher-password": "replace",
        "zot-metrics-password": "create",
        "zot-files": "update",
        "zot-release": "update",
        "zot-readiness": "update",
        "home": "update",
        "hero-image": "update",
        "zot-nodes": "delete",
        "zot-nodes-told": "delete",
        "zot-nodes-writer": "delete",
    }


@every_log
def test_the_counts_are_the_engine_s_own(name: str) -> None:
    summary = next(json.loads(line)["summaryEvent"] for line in events(name) if "summaryEvent" in line)
    counted: dict[str, int] = {}
    for each in preview_of(name).resources.values():
        counted[each.operation] = counted.get(each.operation, 0) + 1
    # What only serves to count, the engine leaves out: what a refresh has seen go, it takes for a change.
    assert counted == {each: number for each, number in summary["resourceChanges"].items() if number}


def test_nothing_is_said_of_the_providers_that_the_engine_makes_for_itself() -> None:
    assert not [each for each in preview_of("changed").resources.values() if each.name.startswith("default")]
    assert "zot-cluster" in {each.name for each in preview_of("changed").resources.values()}


def test_mistakes_of_config_are_told_as_they_were() -> None:
    (said,) = preview_of("failed").messages
    assert said.severity == "error"
    assert "did you mean embedded?" in said.text


def test_a_property_is_shown_where_it_differs_and_not_with_all_that_is_around_it() -> None:
    (release,) = [each for each in preview_of("changed").changed if each.name == "zot-release"]
    assert [each.path for each in release.changes] == ['values.podAnnotations["hero/files"]']
    (password,) = [each for each in preview_of("changed").changed if each.name == "zot-pusher-password"]
    ((path, old, new, replaces),) = [(each.path, each.old, each.new, each.replaces) for each in password.changes]
    assert (path, old, new, replaces) == ("keepers.rotate", "", "another", True)


def test_what_comes_and_what_goes_within_a_property_is_told_apart() -> None:
    made = updated({"labels": {"a": "1", "b": "2"}}, {"labels": {"b": "3", "c": "4"}})
    assert [(each.path, each.kind, each.old, each.new) for each in made] == [
        ("labels.a", "delete", "1", None),
        ("labels.b", "update", "2", "3"),
        ("labels.c", "add", None, "4"),
    ]


def test_a_list_of_another_length_is_shown_whole() -> None:
    made = updated({"tags": ["v1"]}, {"tags": ["v1", "latest"]})
    assert [(each.path, each.old, each.new) for each in made] == [("tags", ["v1"], ["v1", "latest"])]


def test_a_value_that_is_not_known_yet_says_so() -> None:
    (readiness,) = [each for each in preview_of("changed").changed if each.name == "zot-readiness"]
    assert {each.path: each.new for each in readiness.changes}["settled"] == "[unknown]"


# What is shown.


def test_the_table_names_each_resource_that_changes_and_no_other() -> None:
    report = report_of("changed")
    for each in preview_of("changed").changed:
        assert row_of(report, each.name)[1] == each.operation
    assert row_of(report, "hero-image")[-1] == "`password, tags`"
    assert row_of(report, "zot-pusher-password")[-1] == "`keepers.rotate (replaces)`"
    assert "| `zot-namespace` |" not in report


def test_the_summary_counts() -> None:
    assert "**1 to create**, **5 to update**, **2 to replace**, **3 to delete**; " in report_of("changed")
    assert "Nothing changes; 6 unchanged." in report_of("unchanged")
    assert "**It failed.**" in report_of("failed")


def test_a_drift_is_told_in_its_own_words() -> None:
    report = report_of("drifted", verb="drift")
    assert report.startswith("<!-- hero drift of dev -->\n### Drift of stack `dev`\n")
    assert "**1 gone**; " in report
    assert row_of(report, "zot-nodes-told")[1] == "gone"


@every_log
def test_properties_and_graph_are_folded_and_closed(name: str) -> None:
    report = report_of(name)
    assert report.count("<details>") == report.count("</details>")
    assert report.startswith(marker("preview", STACK))
    for word in ("diff", "mermaid"):
        assert f"```{word}\n" not in report.partition("<details>")[0]


def test_the_property_diff_has_both_sides() -> None:
    diff = report_of("changed").partition("```diff\n")[2].partition("```")[0].splitlines()
    assert '-     tags: ["latest"]' in diff
    assert '+     tags: ["v0.0.2", "latest"]' in diff
    assert "+ random:index:RandomPassword zot-metrics-password (create)" in diff
    assert "- kubernetes:core/v1:ConfigMap zot-nodes-told (delete)" in diff


def test_the_graph_has_every_resource_below_its_parent_in_its_colour() -> None:
    preview = preview_of("changed")
    nodes, edges, colours = drawn(report_of("changed"))
    assert sorted(nodes.values()) == sorted((each.name, each.operation) for each in preview.resources.values())
    names = {urn: each.name for urn, each in preview.resources.items()}
    assert sorted(edges) == sorted(
        (names[each.parent], each.name) for each in preview.resources.values() if each.parent in names
    )
    assert colours == {each.operation for each in preview.resources.values()}


def test_nothing_in_a_name_or_a_value_gets_out_of_where_it_stands() -> None:
    hostile = 'x"]; click | </details> `` ``` @everybody <img> ~~~'
    lines = [*events("unchanged")[:-2], created("hostile|name`", {"key": hostile}), said("error", hostile)]
    preview = read(lines, Masks())
    report = render(preview, "preview", STACK)
    nodes, _, _ = drawn(report)
    assert ("hostile_name_", "create") in nodes.values()
    assert len(row_of(report, r"hostile\|name'")) == len(row_of(report_of("changed"), "hero-image"))
    outside = re.sub(r"^(`{3,})[a-z]*\n.*?^\1$", "", report, flags=re.DOTALL | re.MULTILINE)
    assert "@everybody" not in outside
    assert "<img>" not in outside
    assert outside.count("</details>") == outside.count("<details>")


def test_what_a_policy_has_against_it_stands_before_all_else() -> None:
    lines = [
        *events("unchanged")[:-2],
        violation("Pull <b>by</b> digest | always, @you."),
        *events("unchanged")[-2:],
    ]
    report = render(read(lines, Masks()), "preview", STACK)
    told = r"| mandatory | `image-by-digest` | `hero-image` | Pull &lt;b\>by&lt;/b\> digest \| always, &#64;you. |"
    assert told in report
    assert report.index("image-by-digest") < report.index("<details>")


# What fits.


@pytest.mark.parametrize("count", [10, 200, 3000])
@pytest.mark.parametrize("size", [10, 400])
def test_a_report_is_never_longer_than_a_comment_may_be(count: int, size: int) -> None:
    lines = [created(f"resource-{number}", {"text": "x" * size, "more": "y" * size}) for number in range(count)]
    report = render(read([*lines, *events("unchanged")[-2:]], Masks()), "preview", STACK)
    assert len(report) <= LIMIT
    assert report.count("<details>") == report.count("</details>")
    assert f"**{count} to create**" in report
    table = report.partition("<details>")[0]
    left_out = [int(number) for number in re.findall(r"_(\d+) more resources?: left out", table)]
    rows = sum(line.startswith("| `+` |") for line in report.splitlines())
    assert rows + (left_out[0] if left_out else 0) == count
    if count > MOST_NODES:
        assert f"_{count - MOST_NODES} more resources: left out" in report.partition("mermaid")[2]
    if count * size > LIMIT:
        assert "./pulumiw preview --stack dev --diff shows them" in report


def test_a_report_is_never_longer_than_a_comment_may_be_whatever_was_said() -> None:
    lines = [said("error", "line of a long error\n" * 9000), *[violation("no " * 50)] * 900, *events("changed")]
    report = render(read(lines, Masks()), "preview", STACK)
    assert len(report) <= LIMIT
    assert "more lines: left out" in report
    assert "more violations: left out" in report


def drawn(report: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]], set[str]]:
    """The graph's nodes with name and operation, its edges by names, and the operations that it has a colour for."""
    graph = report.partition("```mermaid\n")[2].partition("```")[0]
    nodes = {
        node: (name, operation)
        for node, name, operation in re.findall(r'^  (n\d+)\["([^"<]*)<br/>[^"]*"\]:::(\w+)$', graph, re.MULTILINE)
    }
    edges = [(nodes[a][0], nodes[b][0]) for a, b in re.findall(r"^  (n\d+) --> (n\d+)$", graph, re.MULTILINE)]
    colours = set(re.findall(r"^  classDef (\w+) fill:", graph, re.MULTILINE))
    known = len(nodes) + len(edges) + len(colours) + 1
    assert len(graph.splitlines()) == known, "there is nothing else in it"
    return nodes, edges, colours
