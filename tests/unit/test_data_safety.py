"""The page about data safety names a test for each way by which stored images can be deleted."""

import re

import pytest

from components.catalogue import KEEPERS
from tools.places import ROOT

PAGE = (ROOT / "docs" / "data-safety.md").read_text()
TABLE = PAGE.partition("<!-- ways -->")[2].partition("<!-- /ways -->")[0]
ROWS = [line.strip("| ").split(" | ") for line in TABLE.splitlines() if line.startswith("| ")][2:]
WAYS = (
    "`make down`",
    "another `hero:registry`",
    "another `directory`",
    "another owner",
    "`--replace`",
    "taint",
    "another name of the resource",
    "`--target`",
    "does not run",
    "`keepData` switched off",
    "`pulumi stack rm`",
    "`sweep`",
    "another project name",
    "another namespace or image name",
    "a mirror",
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_row_names_an_existing_test(row: list[str]) -> None:
    _, types, _, test = row
    assert set(types.split(", ")) <= set(KEEPERS)
    file, _, name = test.strip("`").partition("::")
    pattern = rf"^func {name}\(" if file.endswith(".go") else rf"^def {name}\("
    assert re.search(pattern, (ROOT / file).read_text(), re.MULTILINE), test


@pytest.mark.parametrize("way", WAYS)
def test_way_is_in_the_table(way: str) -> None:
    assert any(way in row[0] for row in ROWS)


@pytest.mark.parametrize("registry", KEEPERS)
def test_registry_type_is_in_the_table(registry: str) -> None:
    assert sum(registry in row[1] for row in ROWS) > 3
    assert f"| `{registry}` |" in PAGE
