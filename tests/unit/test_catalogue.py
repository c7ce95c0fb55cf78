"""The catalogue: what each choice lets a stack say, and what another choice asks of the rest of the program."""

import json
import re
from pathlib import Path
from typing import Any, cast

import jsonschema
import pulumi
import pytest
import yaml
from pydantic import Field

from components.catalogue import CHOICES, DEFAULT, PLANNED, Choice, Settings, build_registry, read_settings
from components.image_settings import ImageSettings
from components.registry import Login, Registry
from components.settings import Block, Text
from tests.unit.configuration import entries_of, mistakes_in, read, sealed, write_sources
from tests.unit.graph import Engine
from tools.keys import BLOCKS, PAGE, SCHEMA, stack_schema, table
from tools.places import ROOT

STACK_SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
STACK_FILES = {file.name: file.read_text() for file in sorted(ROOT.glob("Pulumi.*.yaml"))}
FIELDS = [
    pytest.param(model, field.alias or name, name, id=f"{block}.{field.alias or name}")
    for block, model in BLOCKS.items()
    for name, field in model.model_fields.items()
]
# Some of what an image may say excludes the rest.
# Keys of which one or the other is given.
APART: dict[str, list[set[str]]] = {
    "harbor": [
        {"certificateIssuer", "azure", "gcs", "ldap", "users"},
        {"certificateSecret", "s3", "gcs", "oidc", "users"},
        {"certificateSecret", "s3", "azure", "oidc", "ldap"},
    ],
    "zot": [{"certificateIssuer", "cve"}, {"certificateSecret", "s3", "cache"}],
}
# What the origin needs that the example of a choice names.
BEHIND: dict[str, dict[str, object]] = {"dragonfly": {"hero:zot": {"domain": "hero.10.0.0.1.nip.io"}}}
BESIDE: dict[str, dict[str, object]] = {
    "dockerfile": {"build": "docker"},
    "source": {"build": "existing"},
    "sbom": {"build": "docker"},
    "nydusPrefetch": {"nydus": True},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder, with what the examples name."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_five_registries_are_known() -> None:
    assert {*CHOICES, *PLANNED} == {"embedded", "dockerhub", "harbor", "zot", "dragonfly"}


def test_pulumi_yaml_describes_every_key_that_is_read() -> None:
    described = (ROOT / "Pulumi.yaml").read_text()
    for block, model in BLOCKS.items():
        _, _, after = described.partition(f"  hero:{block}:\n")
        line = next(line for line in after.splitlines() if "description:" in line)
        for field, name in model.model_fields.items():
            assert (name.alias or field) in line


def test_every_choice_has_its_page() -> None:
    for choice in CHOICES.values():
        page = f"docs/{choice.page}.md"
        assert (ROOT / page).exists()
        assert page in (ROOT / "Pulumi.yaml").read_text()
        headings = re.findall(r"^## (.+)$", (ROOT / page).read_text(), re.MULTILINE)
        assert headings[0] == "Quick start"
        assert "What it creates" in headings
        assert headings[-1] == "Reference"


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_has_a_stack_to_edit(name: str) -> None:
    stack = "dev" if name == DEFAULT else name
    there = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    assert there["hero:registry"] == name
    assert {mistake.problem for mistake in mistakes_in(entries_of(there))} <= {"missing"}


@pytest.mark.parametrize("block", BLOCKS)
def test_tables_of_keys_are_as_make_keys_writes_them(block: str) -> None:
    assert table(block) in PAGE.read_text()


def test_stack_schema_is_current() -> None:
    assert SCHEMA.read_text() == stack_schema(), "make keys"


@pytest.mark.parametrize("stack", STACK_FILES.values(), ids=STACK_FILES)
def test_stack_file_lacks_only_required_keys(stack: str) -> None:
    """A template leaves out what its user has to set, such as the domain."""
    assert schema_errors(yaml.safe_load(stack)) <= {"required"}
    assert stack.startswith("# yaml-language-server: $schema=docs/reference/stack.schema.json\n")


@pytest.mark.parametrize(
    "stack", [{"hero:zot": {"prot": 1}}, {"hero:registry": "ghcr"}, {"hero:embedded": {"port": "x"}}]
)
def test_schema_rejects_wrong_config(stack: dict[str, object]) -> None:
    assert schema_errors({"config": stack})


def schema_errors(stack_file: object) -> set[str]:
    """Return the JSON schema keywords that the stack file breaks."""
    return {str(error.validator) for error in cast("Any", STACK_SCHEMA).iter_errors(stack_file)}


@pytest.mark.parametrize("block", BLOCKS)
def test_reference_has_a_valid_example_of_each_block(block: str) -> None:
    text = PAGE.read_text().partition(f"## `hero:{block}`\n")[2].partition("<!-- ")[0]
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    config = yaml.safe_load(example)["config"]
    assert f"hero:{block}" in config
    assert mistakes_in(entries_of(config)) == []
    assert not schema_errors({"config": config})


def test_every_block_has_a_table_of_its_keys() -> None:
    keys = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert {"hero:registry", "hero:mirrors", *(f"hero:{block}" for block in BLOCKS)} == {*keys}


def test_what_is_built_is_not_planned_any_more() -> None:
    assert not set(CHOICES) & set(PLANNED)


def test_who_chooses_nothing_gets_what_needs_nothing() -> None:
    assert read({}).registry == DEFAULT == "embedded"


@pytest.mark.parametrize(("model", "key", "name"), FIELDS)
def test_description_of_field_is_a_sentence(model: type[Block], key: str, name: str) -> None:
    description = model.model_fields[name].description
    assert description, key
    assert description.isprintable()
    assert description[0] == description[0].upper() or description.startswith(
        ("cron", "host", "namespace/name", "push", "redis://", "ldaps://", "laptop")
    )
    assert description.endswith(".")


@pytest.mark.parametrize(("model", "key", "name"), FIELDS)
def test_every_field_has_an_example(model: type[Block], key: str, name: str) -> None:
    assert len(model.model_fields[name].examples or []) == 1, key


@pytest.mark.parametrize("choice", CHOICES)
def test_all_examples_of_a_choice_together_are_valid(choice: str) -> None:
    examples = examples_of(CHOICES[choice].settings)
    for apart in APART.get(choice, [set()]):
        block = {key: value for key, value in examples.items() if key not in apart}
        config = {"hero:registry": choice, f"hero:{choice}": block, **BEHIND.get(choice, {})}
        assert mistakes_in(entries_of(config, secret=True)) == []


@pytest.mark.parametrize("key", [field.alias or name for name, field in ImageSettings.model_fields.items()])
def test_every_example_of_the_image_is_valid(key: str) -> None:
    example = examples_of(ImageSettings)[key]
    block = {key: sealed(str(example)) if key.endswith("Secret") else example, **BESIDE.get(key, {})}
    assert mistakes_in(entries_of({"hero:image": block})) == []


class DrawerSettings(Block):
    """What a stack may say of the sixth choice."""

    label: Text = Field(default="none", description="Any text.", examples=["blue"])


class Drawer(Registry):
    """A sixth choice."""

    def __init__(self, name: str, stack: Settings, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("hero:registry:Drawer", name, None, opts)
        login = Login(pulumi.Output.from_input(stack.choice.label), pulumi.Output.secret("password"))
        self.promise(
            address="drawer.example",
            path=stack.image.name,
            pusher=login,
            puller=login,
            page="https://drawer.example",
            keeps_images=True,
        )


@pytest.fixture
def sixth_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry in the catalogue, and nothing else."""
    monkeypatch.setitem(CHOICES, "drawer", Choice(DrawerSettings, Drawer, "drawer"))


@pytest.mark.usefixtures("sixth_choice")
def test_a_sixth_choice_is_built_from_its_settings() -> None:
    engine = Engine()

    def program() -> None:
        registry = build_registry(read_settings())
        pulumi.export("repository", registry.repository)
        pulumi.export("pusher", registry.pusher.username)

    config = {"hero:registry": "drawer", "hero:drawer": {"label": "blue"}, "hero:image": {"name": "team/hero"}}
    engine.run(program, entries_of(config))
    assert engine.types() == {"drawer": "hero:registry:Drawer"}
    assert engine.exported == {"repository": "drawer.example/team/hero", "pusher": "blue"}


@pytest.mark.usefixtures("sixth_choice")
def test_mistakes_about_a_sixth_choice_are_told_as_all_others() -> None:
    mistakes = mistakes_in(entries_of({"hero:registry": "drawr", "hero:drawer": {"lable": "blue", "label": 7}}))
    assert [(mistake.path, mistake.problem) for mistake in mistakes] == [
        ("hero:drawer.label", "7: not text as it stands; in quotes it is"),
        ("hero:drawer.lable", "unknown key, did you mean label?"),
        ("hero:registry", '"drawr" is not a choice, did you mean drawer?'),
    ]
    assert "drawer" in mistakes[-1].allowed


def examples_of(model: type[Block]) -> dict[str, object]:
    """A block in which every field is as its example says."""
    return {field.alias or name: (field.examples or [None])[0] for name, field in model.model_fields.items()}
