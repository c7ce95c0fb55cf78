"""The scripts that workflows have in them, run as a runner would."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.programs import script
from tools.places import ROOT


def script_of(workflow: str, job: str) -> str:
    """The last one of a job."""
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / f"{workflow}.yml").read_text())["jobs"][job]["steps"]
    return steps[-1]["run"]


def run(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As GitHub does, in a folder whose bin/ comes first on PATH."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text]
    given = {**os.environ, "PATH": path, **environment}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("stack", "typed", "goes_on"),
    [
        ("harbor", "destroy harbor", True),
        ("harbor", "harbor", False),
        ("harbor", "destroy zot", False),
        ("harbor", "", False),
        ("", "destroy ", False),
        ("a b", "destroy a b", False),
        ("$(id)", "destroy $(id)", False),
        ("dev;id", "destroy dev;id", False),
    ],
)
def test_a_stack_is_destroyed_only_where_it_was_typed(tmp_path: Path, stack: str, typed: str, *, goes_on: bool) -> None:
    ended = run(script_of("destroy", "confirm"), tmp_path, STACK=stack, CONFIRMATION=typed)
    assert (ended.returncode == 0) is goes_on


@pytest.mark.parametrize(("number", "told"), [("7", ["dev", "zot"]), ("", [])])
def test_each_report_is_told_to_the_request_that_github_names(tmp_path: Path, number: str, told: list[str]) -> None:
    script(tmp_path / "bin" / "gh", 'echo "$@" >gh.txt', f'echo "{number}"')
    script(tmp_path / "bin" / "python3", 'echo "$@" >>told.txt')
    for stack, content in (("dev", "a report"), ("zot", "a report"), ("broken", "")):
        (tmp_path / "reports" / f"report-{stack}").mkdir(parents=True)
        (tmp_path / "reports" / f"report-{stack}" / "report.md").write_text(content)
    request = {"GITHUB_REPOSITORY": "acme/hero", "OWNER": "fork", "BRANCH": "it", "COMMIT": "abc"}
    ended = run(script_of("comment", "comment"), tmp_path, **request)
    assert ended.returncode == 0, ended.stderr
    assert "repos/acme/hero/pulls --field state=open --field head=fork:it" in (tmp_path / "gh.txt").read_text()
    lines = (tmp_path / "told.txt").read_text().splitlines() if told else []
    assert lines == [f"-S -m tools.tell change 7 reports/report-{stack}/report.md" for stack in told]


def test_where_github_is_not_to_be_reached_nothing_is_taken_for_told(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "gh", "exit 1")
    request = {"GITHUB_REPOSITORY": "acme/hero", "OWNER": "fork", "BRANCH": "it", "COMMIT": "abc"}
    assert run(script_of("comment", "comment"), tmp_path, **request).returncode != 0


@pytest.mark.parametrize(
    ("looked", "report", "state", "fails"),
    [("true", "a report", "closed", False), ("false", "a report", "open", False), ("false", "", "open", True)],
)
def test_what_a_look_for_drift_says(tmp_path: Path, looked: str, report: str, state: str, *, fails: bool) -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "drift.yml").read_text())["jobs"]["drift"]["steps"]
    (text,) = [step["run"] for step in steps if step.get("id") == "look"]
    script(tmp_path / "bin" / "make", 'echo "$@" >asked.txt', f"printf '%s' '{report}'", looked)
    files = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    ended = run(text, tmp_path, STACK="harbor", **files)
    assert (ended.returncode != 0) is fails
    assert (tmp_path / "asked.txt").read_text() == "drift STACK=harbor\n"
    assert (tmp_path / "output").read_text() == f"state={state}\n"
    assert (tmp_path / "summary").read_text() == report
