"""What the package says of itself, and what it makes of what a program gives."""

import re
from collections.abc import Generator
from typing import Any, cast

import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from components.catalogue import Settings, check_settings
from components.reader import Reader
from components.settings import SECRET, Block, ConfigurationError, block_within, keys_of
from package.inputs import InProgram, entries_of
from package.schema import BLOCKS, HOME, schema
from tests.unit.configuration import write_sources

SCHEMA = cast("dict[str, Any]", schema())


@pytest.fixture(autouse=True)
def _folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)


def blocks(model: type[Block], described: dict[str, Any]) -> Generator[tuple[type[Block], dict[str, Any]]]:
    """A block and all within it, each with its type in the schema."""
    yield model, described
    for key, name in keys_of(model).items():
        inner = block_within(model.model_fields[name].annotation)
        if inner:
            given = described["properties"][key]
            yield from blocks(inner, of_type((given.get("items") or given)["$ref"]))


def of_type(reference: str) -> dict[str, Any]:
    return SCHEMA["types"][reference.removeprefix("#/types/")]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_schema_has_every_key_of_config_with_its_words(block: str) -> None:
    found = of_type(SCHEMA["resources"][HOME]["inputProperties"][block]["$ref"])
    for model, described in blocks(BLOCKS[block], found):
        for key, name in keys_of(model).items():
            field = model.model_fields[name]
            said = described["properties"][key]
            assert said["description"] == field.description
            is_secret = SECRET in field.metadata or SECRET in str(field.annotation)
            assert said.get("secret", False) == is_secret, key
            assert (key in described["required"]) == field.is_required()
        assert described["properties"].keys() == keys_of(model).keys()


def test_every_reference_leads_somewhere_and_every_name_is_one() -> None:
    named = re.findall(r"#/types/([^'\"]+)", repr(SCHEMA))
    assert set(named) == set(SCHEMA["types"])
    assert all(re.fullmatch(r"hero:index:[A-Z]\w+", name) and "__" not in name for name in named)


def given(**inputs: object) -> dict[str, PropertyValue]:
    return {name: valued(value) for name, value in inputs.items()}


def valued(value: object) -> PropertyValue:
    """As a program's value comes over the wire, where each number has a fraction."""
    if isinstance(value, PropertyValue):
        return value
    if isinstance(value, dict):
        return PropertyValue({key: valued(each) for key, each in cast("dict[str, object]", value).items()})
    if isinstance(value, list):
        return PropertyValue([valued(each) for each in cast("list[object]", value)])
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else cast("str", value))


def read(**inputs: object) -> Settings:
    return check_settings("mine", Reader(entries_of("mine", given(**inputs)), InProgram("dev")))


def refusal(**inputs: object) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read(**inputs)
    return str(refused.value)


def test_what_a_program_gives_is_read_as_a_config_is() -> None:
    settings = read(registry="embedded", embedded={"port": 5002, "keepData": True}, image={"tags": ["v1"]})
    assert (settings.registry, settings.choice.port, settings.choice.keep_data) == ("embedded", 5002, True)
    assert settings.image.tags == ["v1"]


def test_what_was_left_out_is_the_default() -> None:
    assert read(image=None, embedded={"directory": None}).choice.port == 5001


def test_all_mistakes_are_told_with_where_they_are() -> None:
    told = refusal(registry="embeded", image={"tags": ["not a tag"]}, embedded={"port": 5002.5})
    assert 'mine:registry: "embeded" is not a choice, did you mean embedded?' in told
    assert 'mine:image.tags[0]: "not a tag": not a tag' in told
    assert "mine:embedded.port: 5002.5" in told
    assert "mend:    set mine:registry to embedded" in told
    assert "./pulumiw" not in told


def test_a_secret_in_clear_is_refused_and_not_shown() -> None:
    told = refusal(registry="dockerhub", dockerhub={"namespace": "vfarcic", "token": "hush-hush"})
    assert "mine:dockerhub.token: stands in clear in the program" in told
    assert "make mine:dockerhub.token a secret" in told
    assert "hush-hush" not in told


@pytest.mark.parametrize("whole", [False, True])
def test_a_secret_is_taken(*, whole: bool) -> None:
    token = PropertyValue("hush-hush", is_secret=not whole)
    block = PropertyValue({"namespace": PropertyValue("vfarcic"), "token": token}, is_secret=whole)
    assert read(registry="dockerhub", dockerhub=block).choice.token == "hush-hush"


def test_a_second_secret_in_clear_is_seen_beside_one_that_is_sealed() -> None:
    told = refusal(
        registry="dockerhub",
        dockerhub={"namespace": "vfarcic", "token": PropertyValue("hush", is_secret=True), "pusherToken": "in clear"},
    )
    assert "mine:dockerhub.pusherToken: stands in clear in the program" in told
    assert "has a mistake;" in told


def test_what_is_known_only_later_is_refused() -> None:
    told = refusal(embedded={"directory": PropertyValue.computed()})
    assert told == "mine:embedded.directory is known only when something else is there, and has to be known before."
