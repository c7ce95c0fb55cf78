"""What the conformance suite finds is held against the list of a choice, name by name."""

from collections import Counter
from pathlib import Path

import pytest

from tests.conformance import suite
from tests.conformance.report import report
from tests.conformance.verdict import Result, judge, read_known
from tools.problem import Problem

LISTS = sorted(Path(suite.__file__).parent.glob("*.txt"))
NAME = "OCI Conformance Test/image/push/manifest-by-tag"
PASSED = Result(NAME, "passed")
FAILED = Result(NAME, "failed", "expected 201, received 500")
SKIPPED = Result(NAME, "skipped", "not supported")


def test_a_listed_failure_is_no_news() -> None:
    verdict = judge([FAILED], Counter([NAME]))
    assert verdict.good


def test_a_failure_that_is_not_listed_is_told_with_its_reason() -> None:
    verdict = judge([FAILED], Counter())
    assert not verdict.good
    assert verdict.new == (FAILED,)
    assert f"Failed, and not listed:\n\n- `{NAME}` - expected 201, received 500" in report(verdict)


@pytest.mark.parametrize("now", [[PASSED], [SKIPPED], []], ids=["passes", "is skipped", "is gone"])
def test_a_listed_failure_that_no_longer_fails_has_to_leave_the_list(now: list[Result]) -> None:
    verdict = judge(now, Counter([NAME]))
    assert not verdict.good
    assert verdict.mended == (NAME,)
    assert f"- `{NAME}`" in report(verdict)


def test_one_failure_more_of_the_same_name_is_new() -> None:
    verdict = judge([FAILED, PASSED, FAILED, FAILED], Counter({NAME: 2}))
    assert verdict.new == (FAILED,)
    assert not verdict.mended


def test_one_failure_fewer_of_the_same_name_has_to_leave_the_list() -> None:
    verdict = judge([FAILED, PASSED], Counter({NAME: 2}))
    assert not verdict.new
    assert verdict.mended == (NAME,)


def test_the_report_is_in_the_words_of_the_list(tmp_path: Path) -> None:
    told = report(judge([FAILED, FAILED], Counter()))
    name = told.rpartition("- `")[2].partition("`")[0]
    known = tmp_path / "known.txt"
    known.write_text(f"# why\n\n{name}\n")
    assert read_known(known) == {NAME: 2}


def test_a_choice_without_a_list_may_fail_nothing(tmp_path: Path) -> None:
    assert not judge([FAILED], read_known(tmp_path / "other.txt")).good


def test_the_table_counts_each_group() -> None:
    results = [PASSED, FAILED, FAILED, SKIPPED, Result("OCI Conformance Test/ping", "passed")]
    lines = report(judge(results, Counter({NAME: 1}))).splitlines()
    assert "| image | 1 | 1 | 1 |" in lines
    assert "| ping | 1 | 0 | 0 |" in lines
    assert "| **all** | 2 | 1 | 1 |" in lines


def test_the_report_of_the_suite_is_read_whole(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        """<testsuites><testsuite errors="1">
        <testcase name="OCI/a/one" status="passed"></testcase>
        <testcase name="OCI/a/two" status="skipped"><system-out>not supported</system-out></testcase>
        <testcase name="OCI/a/three" status="failure"><system-out>this&#xA;and that</system-out></testcase>
        <testcase name="OCI/b/four" status="error"></testcase>
        </testsuite></testsuites>"""
    )
    assert suite.read_results(junit, "") == [
        Result("OCI/a/one", "passed"),
        Result("OCI/a/two", "skipped", "not supported"),
        Result("OCI/a/three", "failed", "this"),
        Result("OCI/b/four", "failed"),
    ]


def test_a_suite_that_broke_off_proves_nothing(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    with pytest.raises(Problem, match="no settings"):
        suite.read_results(junit, "no settings")
    junit.write_text('<suites><testsuite errors="1"><testcase name="OCI/a" status="passed"/></testsuite></suites>')
    with pytest.raises(Problem, match="broke off"):
        suite.read_results(junit, "")


@pytest.mark.parametrize("known", LISTS, ids=lambda file: file.stem)
def test_a_list_says_why_and_says_nothing_twice(known: Path) -> None:
    blocks = known.read_text().strip().split("\n\n")
    assert all(block.startswith("# ") for block in blocks)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
    assert all(line.startswith("OCI Conformance Test/") for line in lines)
    assert len(read_known(known)) == len(lines)


def test_the_suite_is_told_all_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCI_FILTER_TEST", "OCI Conformance Test/ping")
    told = suite.environment("127.0.0.1:5001", "pusher", "secret", below="", folder=tmp_path)
    assert "OCI_FILTER_TEST" not in told
    assert "secret" in told.values()
    assert told["OCI_REPO1"] == "conformance/one"
    assert told["OCI_RESULTS_DIR"] == str(tmp_path)


@pytest.mark.parametrize(
    ("address", "tls"),
    [
        ("127.0.0.1:5001", "disabled"),
        ("localhost:5001", "disabled"),
        ("[::1]:5001", "disabled"),
        ("harbor.127.0.0.1.nip.io", "enabled"),
        ("10.0.0.1:5001", "enabled"),
    ],
)
def test_only_loopback_is_spoken_to_without_tls(address: str, tls: str, tmp_path: Path) -> None:
    assert suite.environment(address, "pusher", "secret", below="hero", folder=tmp_path)["OCI_TLS"] == tls
