"""How the tests are selected, ordered and reported: `tests/running`."""

import ast
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.engine.mutations.tables import MUTATIONS
from tests.running import changed, long_form, progress, selection
from tests.running.changed import Suite, named_in
from tests.running.long_form import LONG_FORM, LongForm, reason_for
from tests.running.report import Times, table, total
from tests.running.run import Run
from tests.running.tiers import PYTEST_TIERS, tier_of
from tools.places import ROOT

SUITE = Suite(ROOT)
DOCUMENTS = "tests/unit/test_documents.py"


@dataclass(frozen=True)
class FakeItem:
    """As much of a collected test as is sorted by."""

    nodeid: str


@pytest.mark.parametrize("entry", LONG_FORM, ids=lambda entry: entry.test)
def test_long_form_names_a_test_and_a_reason(entry: LongForm) -> None:
    file, _, name = entry.test.partition("::")
    functions = [each.name for each in ast.parse((ROOT / file).read_text()).body if isinstance(each, ast.FunctionDef)]
    assert name in functions
    assert entry.reason


def test_long_form_has_no_unit_test_and_no_test_twice() -> None:
    assert {tier_of(entry.test) for entry in LONG_FORM} == {"integration", "e2e"}
    assert max(Counter(entry.test for entry in LONG_FORM).values()) == 1


def test_quick_form_sees_nine_of_ten_mutations() -> None:
    assert len(long_form.mutations()) <= len(MUTATIONS) / 10
    for mutation in long_form.mutations():
        assert mutation.what in long_form.summary()


@pytest.mark.parametrize(
    ("nodeid", "is_long"),
    [
        ("tests/engine/test_life.py::test_life[harbor-ko]", False),
        ("tests/engine/test_life.py::test_life[harbor-docker]", True),
        ("tests/engine/test_life.py::test_every_choice_and_every_key_is_in_a_table", False),
        ("tests/embedded/test_conformance.py::test_it_fails_what_is_known_and_nothing_else", True),
        ("tests/unit/test_zot.py::test_of_another_day", False),
    ],
)
def test_long_form_of_one_test(nodeid: str, *, is_long: bool) -> None:
    assert (reason_for(nodeid) is not None) == is_long


def test_tests_are_sorted_longest_first_and_stay_in_order_within_a_magnitude() -> None:
    items = [FakeItem(f"tests/unit/test_a.py::test_{name}") for name in ("short", "b", "a", "long")]
    durations = {items[0].nodeid: 0.2, items[1].nodeid: 4.0, items[2].nodeid: 4.1, items[3].nodeid: 60.0}
    selection.sort(items, durations)  # pyright: ignore[reportArgumentType] - it looks at no more of an item
    assert [item.nodeid.rpartition("_")[2] for item in items] == ["long", "b", "a", "short"]


def test_progress_says_what_is_left() -> None:
    estimate = progress.Estimate(["a", "b"], {"a": 10.0, "b": 30.0})
    assert progress.text(estimate, 0, 1.0) == "0 of 2 tests (0 %)"
    estimate.finish("a")
    assert progress.text(estimate, 1, 40.0) == "1 of 2 tests (50 %), 1 failed, 2 min 0 s left"
    estimate.finish("b")
    assert progress.text(estimate, 0, 100.0) == "2 of 2 tests (100 %), 0 s left"


def test_times_are_told_in_a_line_and_in_a_table() -> None:
    times = [Times("quick", 300.0, 540.5, 0.1, 0), Times("rest", 61.0, 100.0, 2.5, 1)]
    assert total(times[0]) == "quick: passed in 5 min 0 s, 9 min 0 s of CPU, load 0.1 before"
    assert total(times[1]).startswith("rest: FAILED in 1 min 1 s")
    assert table(times).splitlines()[-1] == "| all | 6 min 1 s | 10 min 40 s |  |"


def test_a_run_of_go_tests_alone_starts_no_pytest() -> None:
    assert Run("all", []).pytest == []
    assert "--maxschedchunk" in Run("all", list(PYTEST_TIERS.values())).pytest


@pytest.mark.parametrize(
    ("file", "reached", "spared", "go"),
    [
        ("docs/zot.md", DOCUMENTS, "tests/engine/test_life.py", False),
        ("README.md", "tests/embedded/test_documents.py", "tests/embedded/test_changes.py", False),
        ("renovate.json", "tests/unit/test_renovate.py", DOCUMENTS, False),
        ("tests/unit/test_zot.py", "tests/unit/test_zot.py", "tests/unit/test_harbor.py", False),
        ("tests/unit/graph.py", "tests/unit/test_graph.py", "tests/engine/test_life.py", False),
        ("tests/engine/house.py", "tests/engine/test_life.py", "tests/embedded/test_changes.py", False),
        ("tests/previews/first.jsonl", "tests/unit/test_preview.py", "tests/unit/test_rust.py", False),
        ("tests/engine/conftest.py", "tests/engine/test_nydus.py", "tests/unit/test_zot.py", False),
        ("components/registries/zot/zot.py", "tests/engine/test_life.py", "tests/unit/test_rust.py", False),
        ("providers/preheat.go", "tests/unit/test_mutations.py", "tests/engine/test_life.py", True),
        ("hero/main.go", "tests/embedded/test_first_up.py", "tests/unit/test_rust.py", True),
        ("Makefile", DOCUMENTS, "tests/engine/test_life.py", False),
        ("uv.lock", "tests/unit/test_rust.py", "", True),
        ("of-another" + "-day.bin", "tests/unit/test_rust.py", "", True),
    ],
)
def test_a_changed_file_reaches(file: str, reached: str, spared: str, *, go: bool) -> None:
    found = SUITE.reached([file])
    assert reached in found.pytest
    assert spared not in found.pytest
    assert found.go == go


def test_every_test_file_reaches_itself() -> None:
    for test in SUITE.tests:
        assert test in SUITE.reached([test]).pytest


def test_a_source_names_files_directories_and_suffixes() -> None:
    named = named_in(
        """(ROOT / "docs" / "decisions").glob("*.md"), ROOT.rglob("*.toml"), 'tests/previews/x', "go.sum" """
    )
    assert named.include("docs/decisions/0001-a.md")
    assert not named.include("docs/zot.md")
    assert named.include("pyproject.toml")
    assert not named.include("hero/go.sum")


def test_changes_are_counted_in_one_line() -> None:
    found = changed.Reached(["tests/unit/test_zot.py"], go=True, files=["a", "b"])
    assert changed.summary(found) == "2 changed files reach 1 test files and the Go tests"


@pytest.mark.parametrize("option", ["no:cacheprovider", "no:randomly", "no:xdist"])
def test_plugins_of_pytest_can_be_left_out(option: str) -> None:
    command = [sys.executable, "-m", "pytest", "--quiet", "--collect-only", "-p", option, "tests/unit/test_lock.py"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
