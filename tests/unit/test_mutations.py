"""The breaks that `make mutations` makes can be made, and whoever is to see them is there."""

import ast
import re

import pytest

from tests.engine.mutations.mutation import Mutation
from tests.engine.mutations.tables import MUTATIONS
from tools.places import ROOT

IN_GO = "\n".join(file.read_text() for file in sorted((ROOT / "providers").glob("*_test.go")))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_a_break_is_told_once_and_seen_by_a_test_that_is_there(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
    assert mutation.old != mutation.new
    file, separator, name = mutation.seen_by.partition("::")
    if separator:
        tests = ast.parse((ROOT / file).read_text()).body
        assert name.partition("[")[0] in [each.name for each in tests if isinstance(each, ast.FunctionDef)]
    else:
        assert re.search(rf"^func {mutation.seen_by}\(t \*testing\.T\)", IN_GO, re.MULTILINE)


def test_each_break_is_told_otherwise() -> None:
    assert len({mutation.what for mutation in MUTATIONS}) == len(MUTATIONS)
