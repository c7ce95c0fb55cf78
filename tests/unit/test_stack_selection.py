"""Which stack a command acts on: the one that Pulumi would take."""

import hashlib
import json
from pathlib import Path

import pytest

from tools import stack_selection
from tools.pulumi_arguments import read_arguments
from tools.stack_selection import Selection, find_project, select

URL = "s3://bucket"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a project, and a second project below it."""
    folder = tmp_path / "checkout"
    (folder / "hero").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: hero\nruntime: python\n")
    (folder / "example").mkdir()
    (folder / "example" / "Pulumi.yaml").write_text("name: example\n")
    monkeypatch.setattr(stack_selection, "ROOT", folder)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PULUMI_HOME": str(tmp_path / "home"), "PULUMI_BACKEND_URL": URL}


def select_in_workspace(environment: dict[str, str], project: Path, name: str, settings: object) -> Path:
    digest = hashlib.sha1(str(project).encode()).hexdigest()  # noqa: S324 - Pulumi's own file name
    file = Path(environment["PULUMI_HOME"]) / "workspaces" / f"{name}-{digest}-workspace.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    return file


@pytest.mark.parametrize(
    ("arguments", "selection"),
    [
        ("up", Selection("", "hero", is_named=False)),
        ("up -s prod", Selection("prod", "hero", is_named=True)),
        ("up -s organization/prod", Selection("prod", "hero", is_named=True)),
        ("up -s organization/other/prod", Selection("prod", "other", is_named=True)),
        ("stack rm prod", Selection("prod", "hero", is_named=True)),
        ("cancel prod", Selection("prod", "hero", is_named=True)),
        ("config get prod", Selection("", "hero", is_named=False)),
        ("up -C hero -s prod", Selection("prod", "hero", is_named=True)),
        ("up --cwd example -s prod", Selection("prod", "example", is_named=True)),
        ("up --cwd missing -s prod", Selection("prod", "", is_named=True)),
    ],
)
def test_selection_by_command_line(environment: dict[str, str], arguments: str, selection: Selection) -> None:
    assert select(read_arguments(arguments.split()), environment) == selection


@pytest.mark.parametrize(
    ("settings", "stack"),
    [
        ({"stacks": {URL: "mine", "s3://other": "other"}}, "mine"),
        ({"stacks": {URL: "organization/hero/mine"}}, "mine"),
        ({"stack": "mine"}, "mine"),
        ({"stack": "legacy", "stacks": {URL: "mine"}}, "mine"),
        ({"stack": "legacy", "stacks": {"s3://other": "other"}}, "legacy"),
        ({"stacks": {"s3://other": "other"}}, ""),
        ({"stacks": {URL: 5}, "stack": []}, ""),
        ("", ""),
        ('{"stack": "mi', ""),
        ("\0\0\0", ""),
        ("[]", ""),
    ],
)
def test_selection_by_workspace(environment: dict[str, str], checkout: Path, settings: object, stack: str) -> None:
    select_in_workspace(environment, checkout / "Pulumi.yaml", "hero", settings)
    assert select(read_arguments(["up"]), environment).stack == stack
    assert select(read_arguments(["up", "-s", "named"]), environment).stack == "named"


def test_selection_of_the_project_in_cwd(environment: dict[str, str], checkout: Path) -> None:
    select_in_workspace(environment, checkout / "Pulumi.yaml", "hero", {"stack": "mine"})
    select_in_workspace(environment, checkout / "example" / "Pulumi.yaml", "example", {"stack": "its"})
    assert select(read_arguments(["up", "-Cexample"]), environment).stack == "its"
    assert select(read_arguments(["up", "-C", "hero"]), environment).stack == "mine"


@pytest.mark.parametrize(("variable", "stack"), [("x", "x"), ("", ""), ("organization/hero/x", "x")])
def test_variable_goes_before_workspace(environment: dict[str, str], checkout: Path, variable: str, stack: str) -> None:
    select_in_workspace(environment, checkout / "Pulumi.yaml", "hero", {"stack": "mine"})
    environment["PULUMI_STACK"] = variable
    assert select(read_arguments(["up"]), environment).stack == stack
    assert select(read_arguments(["up", "-snamed"]), environment).stack == "named"


@pytest.mark.parametrize(
    ("project", "current", "url"),
    [
        ("name: hero\n", None, "https://api.pulumi.com"),
        ("name: hero\n", "s3://login", "s3://login"),
        ("name: hero\nbackend:\n  url: gs://project\n", "s3://login", "gs://project"),
        ("name: hero\nbackend: {url: 'gs://project'}\n", "s3://login", "gs://project"),
    ],
)
def test_workspace_entry_of_the_current_backend(
    environment: dict[str, str], checkout: Path, project: str, current: str | None, url: str
) -> None:
    del environment["PULUMI_BACKEND_URL"]
    (checkout / "Pulumi.yaml").write_text(project)
    select_in_workspace(environment, checkout / "Pulumi.yaml", "hero", {"stacks": {url: "mine"}})
    (Path(environment["PULUMI_HOME"]) / "credentials.json").write_text(json.dumps({"current": current}))
    assert select(read_arguments(["up"]), environment).stack == "mine"


def test_project_path_keeps_links_of_pwd(environment: dict[str, str], checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(checkout)
    linked = {**environment, "PWD": str(tmp_path / "link")}
    found = find_project(checkout, linked)
    assert found is not None
    assert found.file == tmp_path / "link" / "Pulumi.yaml"
    elsewhere = find_project(checkout, {**environment, "PWD": str(tmp_path)})
    assert elsewhere is not None
    assert elsewhere.file == checkout.resolve() / "Pulumi.yaml"
