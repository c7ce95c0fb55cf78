"""The distribution-spec's own suite against the registry that we set up."""

from pathlib import Path

from tests.checkout import ROOT, Checkout
from tests.conformance.report import report
from tests.conformance.suite import run


def test_it_fails_what_is_known_and_nothing_else(home: Checkout, tmp_path: Path) -> None:
    told = home.outputs()
    known = ROOT / "tests" / "conformance" / "embedded.txt"
    verdict = run(told["address"], told["pusherUsername"], told["pusherPassword"], known, results=tmp_path)
    assert verdict.good, report(verdict)
    assert home.crane("digest", told["image"]) == told["digest"]
