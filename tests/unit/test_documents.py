"""What the documents of the repository say of it is so."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from components.catalogue import CHOICES
from tools.places import ROOT

PROMISES = re.findall(r"^\| .+ \| `(tests/[\w/]+\.py)::(\w+)` \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
DECISIONS = ROOT / "docs" / "decisions"
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PAGES = sorted(
    str(file.relative_to(ROOT))
    for file in (*ROOT.glob("*.md"), ROOT / "hero/README.md", *(ROOT / "docs").rglob("*.md"))
)
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_promise_names_a_test() -> None:
    table = (ROOT / "SECURITY.md").read_text().partition("## What is promised")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(PROMISES) > 10


@pytest.mark.parametrize(("file", "test"), PROMISES)
def test_a_promise_is_held_by_a_test_that_is_there(file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_document_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"(?:`|^    ?|^\$ )make ([\w-]+)", text, re.MULTILINE):
        assert target in TARGETS
    assert TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_every_place_that_a_document_leads_to_is_there(page: str) -> None:
    file = ROOT / page
    for link, heading in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", file.read_text()):
        there = (file.parent / link) if link else file
        assert there.exists(), link
        assert not heading or heading in headings(there.read_text()), heading


def headings(page: str) -> set[str]:
    """By what GitHub lets one lead to them."""
    found = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_decisions_are_numbered_and_each_says_what_it_is_about() -> None:
    files = sorted(DECISIONS.glob("0*.md"))
    for file in files:
        title = file.read_text().partition("\n")[0]
        assert re.fullmatch(rf"# {int(file.name[:4])}\. .+", title), file
    assert len({file.name[:4] for file in files}) == len(files)


def test_index_of_decisions_lists_each_with_its_title() -> None:
    listed = re.findall(
        r"^\| \[\d+\]\((0[\w-]+\.md)\) \| (.+) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    titles = {file.name: file.read_text().partition("\n")[0].partition(". ")[2] for file in DECISIONS.glob("0*.md")}
    assert dict(listed) == titles


@pytest.mark.parametrize("file", sorted(DECISIONS.glob("0*.md")))
def test_decision_has_the_sections_of_the_template(file: Path) -> None:
    assert sections_of(file) == sections_of(DECISIONS / "template.md")


def sections_of(file: Path) -> list[str]:
    return re.findall(r"^## (.+)$", file.read_text(), re.MULTILINE)


def test_every_target_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert set(re.findall(r"^([\w-]+): ## \S", makefile, re.MULTILINE)) == TARGETS
    declared = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert declared
    assert set(declared[1].split()) == TARGETS


def test_issue_forms_ask_for_what_they_need() -> None:
    forms = [file for file in FORMS if file.stem != "config"]
    assert {file.stem for file in forms} == {"bug", "idea"}
    for file in forms:
        form = yaml.safe_load(file.read_text())
        assert {"name", "description", "body"} <= set(form)
        fields = [each for each in form["body"] if each["type"] != "markdown"]
        assert len({each["id"] for each in fields}) == len(fields)
        assert any(each.get("validations", {}).get("required") for each in fields)


def test_whoever_files_a_bug_can_name_every_choice() -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text())
    (asked,) = [each for each in form["body"] if each.get("id") == "registry"]
    assert set(asked["attributes"]["options"]) >= set(CHOICES)


def test_the_hooks_are_ones_that_pre_commit_understands() -> None:
    command = ["pre-commit", "validate-config", ROOT / ".pre-commit-config.yaml"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_licence_is_the_one_that_is_named() -> None:
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()
