"""Find the stack that a command of Pulumi acts on, as Pulumi finds it.

Pulumi takes the option `--stack`, or the argument of the few commands that have one; then PULUMI_STACK; then the stack
that the workspace has selected. Source: `RequireStack` in pkg/cmd/pulumi/stack/io.go, `getCurrentStackName` in
pkg/backend/state/stacks.go, and pkg/workspace/workspace.go of Pulumi.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tools.places import ROOT, home

if TYPE_CHECKING:
    from tools.pulumi_arguments import PulumiCommand

# Commands whose first argument is the name of a stack.
NAMES_ITS_STACK = ("cancel", "stack remove", "stack select", "stack new")
PROJECT_FILES = ("Pulumi.json", "Pulumi.yaml", "Pulumi.yml")
NAME = re.compile(r"""^["']?name["']?\s*:\s*["']?([\w.-]+)""", re.MULTILINE)
BACKEND_URL = re.compile(r"""^backend:\s*(?:\{\s*|\n\s+)url:\s*["']?([^\s"'}]+)""", re.MULTILINE)
CLOUD = "https://api.pulumi.com"
# Of a full name: the organization, the project, the stack.
PARTS_OF_A_FULL_NAME = 3


@dataclass(frozen=True)
class Project:
    """A project of Pulumi: its file and its name."""

    file: Path
    name: str


@dataclass(frozen=True)
class Selection:
    """The stack that a command acts on."""

    stack: str
    """Its name without organization and project; empty where no stack is selected."""
    project: str
    """The name of the stack's project; empty where Pulumi finds no project."""
    is_named: bool
    """Whether the command line names the stack."""


def select(command: PulumiCommand, environment: Mapping[str, str]) -> Selection:
    """Return the stack that Pulumi would take in this environment."""
    project = find_project(ROOT / command.options.get("cwd", ""), environment)
    named = command.options.get("stack") or _argument(command)
    full_name = named or _current(project, environment)
    parts = full_name.split("/")
    in_project = parts[1] if len(parts) == PARTS_OF_A_FULL_NAME else project.name if project else ""
    return Selection(parts[-1], in_project, bool(named))


def find_project(folder: Path, environment: Mapping[str, str]) -> Project | None:
    """Return the project of the directory, or of the nearest directory above that has one."""
    if not folder.is_dir():
        return None
    start = _working_directory(folder, environment)
    for each in (start, *start.parents):
        for name in PROJECT_FILES:
            if (each / name).is_file():
                return Project(each / name, _name_of(each / name))
    return None


def _working_directory(folder: Path, environment: Mapping[str, str]) -> Path:
    """Return the path of the directory as Go's os.Getwd returns it there: PWD where it is right, or without links."""
    given = Path(environment.get("PWD", ""))
    with contextlib.suppress(OSError):
        if given.is_absolute() and given.samefile(folder):
            return Path(os.path.normpath(given))
    return folder.resolve()


def selected_in_workspace(project: Project, environment: Mapping[str, str]) -> str:
    """Return the stack that `pulumi stack select` has selected; empty where there is none."""
    settings = _read_object(workspace_file(project, environment))
    by_backend = settings.get("stacks")
    if isinstance(by_backend, dict):
        found = cast("dict[str, Any]", by_backend).get(_backend_url(project, environment))
        if isinstance(found, str):
            return found
    legacy = settings.get("stack")
    return legacy if isinstance(legacy, str) else ""


def workspace_file(project: Project, environment: Mapping[str, str]) -> Path:
    """Return the file in which Pulumi keeps what is selected for the project."""
    digest = hashlib.sha1(os.fsencode(project.file)).hexdigest()  # noqa: S324 - Pulumi's own file name
    return pulumi_home(environment) / "workspaces" / f"{project.name}-{digest}-workspace.json"


def pulumi_home(environment: Mapping[str, str]) -> Path:
    """Return the directory in which Pulumi keeps its own files."""
    named = environment.get("PULUMI_HOME")
    return Path(named) if named else home() / ".pulumi"


def _argument(command: PulumiCommand) -> str:
    return command.positional[0] if command.name in NAMES_ITS_STACK and command.positional else ""


def _current(project: Project | None, environment: Mapping[str, str]) -> str:
    if "PULUMI_STACK" in environment:
        return environment["PULUMI_STACK"]
    return selected_in_workspace(project, environment) if project else ""


def _backend_url(project: Project, environment: Mapping[str, str]) -> str:
    if environment.get("PULUMI_BACKEND_URL"):
        return environment["PULUMI_BACKEND_URL"]
    in_project = BACKEND_URL.search(_text(project.file))
    if in_project:
        return in_project[1]
    credentials = Path(environment.get("PULUMI_CREDENTIALS_PATH") or pulumi_home(environment)) / "credentials.json"
    current = _read_object(credentials).get("current")
    return current if current and isinstance(current, str) else CLOUD


def _name_of(file: Path) -> str:
    if file.suffix == ".json":
        return str(_read_object(file).get("name", ""))
    found = NAME.search(_text(file))
    return found[1] if found else ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _read_object(file: Path) -> dict[str, Any]:
    """Return the JSON object of the file; an empty one where the file has none, so that Pulumi reports the cause."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
