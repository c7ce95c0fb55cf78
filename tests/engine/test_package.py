"""The package for programs in other languages: what it says of itself, and the examples, previewed."""

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from package.schema import schema
from tests.documented import commands, typed
from tests.engine.conftest import everything_genuine
from tests.engine.house import House, new_house
from tests.engine.plugins import OURS
from tests.engine.warm_host import WarmHost
from tools.go import ensure_go
from tools.languages import ensure_host
from tools.packages import ensure_packages
from tools.places import ROOT

EXAMPLES = {"yaml": "yaml", "typescript": "nodejs", "go": "go"}
PORTS = {"yaml": 5002, "typescript": 5003, "go": 5004}
CREATED = dict.fromkeys(["home-embedded-process", "home-home", "home-hero-image", "home-storage-guard"], "create")
WRONG = """
name: hero-in-yaml
runtime: yaml
packages: {hero: ../../package}
resources:
  home:
    type: hero:Home
    properties:
      registry: embeded
      image: {tags: [not a tag], context: ../../hero}
"""


@pytest.fixture(params=["stand-in", "our own plugin"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path, warm_host: WarmHost) -> Iterator[House]:
    """A house with everything in it that an example leads to; the plugin that makes things is played, or our own."""
    ours = {OURS: everything_genuine()[OURS]} if request.param == "our own plugin" else {}
    made = new_house(tmp_path, ours, warm_host=warm_host)
    (made.path / "package").symlink_to(ROOT / "package")
    yield made
    made.plugins.close()


def example(checkout: House, name: str) -> House:
    """One of examples/ with a new stack, in its own language."""
    if name == "typescript" and (shutil.which("node") is None or shutil.which("npm") is None):
        pytest.skip("no Node with npm on PATH")
    folder = checkout.path / "examples" / name
    shutil.copytree(ROOT / "examples" / name, folder, ignore=shutil.ignore_patterns("node_modules", "sdks"))
    brought = [ensure_host(EXAMPLES[name]), ensure_go(ensure_packages())]
    path = os.pathsep.join([*map(str, brought), checkout.environment["PATH"]])
    made = dataclasses.replace(checkout, path=folder, environment={**checkout.environment, "PATH": path})
    checkout.world.folder = folder
    made.init()
    (folder / "Pulumi.dev.yaml").unlink()
    documented = [command for command in commands("docs/package.md") if f"examples/{name} " in command]
    assert documented
    for command in documented:
        typed(command, checkout.path, made.environment)
    return made


@pytest.mark.parametrize("checkout", ["stand-in"], indirect=True)
def test_the_engine_takes_the_schema(checkout: House) -> None:
    told = json.loads(typed("pulumi package get-schema ./package", checkout.path, checkout.environment))
    (home,) = told["resources"].values()
    ours = schema()
    assert told["types"].keys() == ours["types"].keys()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert home["isComponent"]
    assert home["inputProperties"].keys() >= {
        "registry",
        "image",
        "embedded",
        "harbor",
        "zot",
        "dockerhub",
        "dragonfly",
    }


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("checkout", ["our own plugin"], indirect=True)
def test_an_example_is_previewed(checkout: House, name: str) -> None:
    assert example(checkout, name).preview().changes == CREATED


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("checkout", ["stand-in"], indirect=True)
def test_an_example_lives_as_a_stack_does(checkout: House, name: str) -> None:
    house = example(checkout, name)
    assert house.preview().changes == CREATED
    assert set(house.up().changes.values()) == {"create"}
    told = house.outputs()
    assert told["image"].startswith(f"127.0.0.1:{PORTS[name]}/hero@sha256:")
    # What Node's SDK has read of a component stands in its debug lines, which only an event log has: docs/package.md.
    written = house.kept() if name == "typescript" else house.written()
    assert told["image"].rpartition("@")[2] in written
    assert told["pullerPassword"]
    assert told["pullerPassword"] not in written
    assert house.up().changes == {}
    house.destroy()
    assert not house.state()


@pytest.mark.parametrize("checkout", ["stand-in"], indirect=True)
def test_mistakes_are_told_to_a_program_without_a_traceback(checkout: House) -> None:
    house = example(checkout, "yaml")
    (house.path / "Pulumi.yaml").write_text(WRONG)
    refused = house.run("preview")
    assert refused.code != 0
    assert 'home:registry: "embeded" is not a choice, did you mean embedded?' in refused.text
    assert 'home:image.tags[0]: "not a tag": not a tag' in refused.text
    assert "set home:registry to embedded" in refused.text
    assert "Traceback" not in refused.text
    assert "server.py" not in refused.text
