"""Whatever a stack file says, it is either valid or told to be wrong in an orderly way."""

import copy
import json
import shlex
import string
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.catalogue import CHOICES, PLANNED
from components.image_settings import ImageSettings
from components.reader import Entry
from tests.unit.configuration import entries_of, follow, mistakes_in, write_sources

# The same examples on every machine, however slow it is.
steadily = settings(derandomize=True, deadline=None, max_examples=300)
steadily_but_less = settings(steadily, max_examples=100)

BLOCKS = {"hero:image": ImageSettings, **{f"hero:{name}": choice.settings for name, choice in CHOICES.items()}}
FIELDS = [field.alias or name for model in BLOCKS.values() for name, field in model.model_fields.items()]
PLAUSIBLE = [
    *("ko", "docker", "existing", "hero", "my app", "empty", "loose", "Dockerfile", "./hero.tar", "./layout", "./gone"),
    *(
        "linux/amd64",
        "linux/arm64",
        "windows/amd64",
        "v1",
        "latest",
        "hero:v1",
        "5001",
        "true",
        "no",
        "",
        ".",
        "..",
        "/",
    ),
]

texts = st.one_of(st.sampled_from(PLAUSIBLE), st.text(), st.text(st.characters()))
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, 1, 5001, 65535, 65536]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=6,
)
field_names = st.one_of(st.sampled_from(FIELDS), texts)
blocks = st.dictionaries(field_names, st.one_of(values, st.lists(st.sampled_from(PLAUSIBLE), max_size=4)), max_size=5)
known_keys = st.sampled_from(["hero:registry", *BLOCKS, *(f"hero:{name}" for name in PLANNED)])
any_keys = st.one_of(known_keys, texts.map("hero:{}".format))
configs = st.dictionaries(any_keys, st.one_of(blocks, values), max_size=4)

# As configs, but only with keys that a command line can name, and with nothing that Pulumi takes for a secret.
simple_words = st.text(string.ascii_letters + string.digits + " .-_[]", min_size=1, max_size=12)
simple_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(PLAUSIBLE), simple_words),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)
simple_blocks = st.dictionaries(st.one_of(st.sampled_from(FIELDS), simple_words), simple_values, max_size=8)
simple_configs = st.dictionaries(
    st.one_of(known_keys, simple_words.map("hero:{}".format)), st.one_of(simple_blocks, simple_values), max_size=6
)


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The program's folder, with something right and something wrong to point at."""
    path = tmp_path_factory.mktemp("program")
    write_sources(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        yield path


@steadily
@given(configs)
def test_any_json_under_any_key_is_read_or_told_to_be_wrong(config: dict[str, Any]) -> None:
    assert_orderly(entries_of(config))


@steadily
@given(st.dictionaries(any_keys, st.one_of(texts, values.map(json.dumps)), max_size=6))
@example({"hero:image": "[" * 100_000})
@example({"hero:image": '{"tags":' + "[" * 100_000})
@example({"hero:image": "9" * 5000})
@example({"hero:image": r'{"\udcff": "\udcff", "context": "\udcff"}'})
@example({"hero:image": '{"tags": ["v1"], "tags": ["v1", "v1"]}'})
@example({"hero:\udcff": "\udcff", "hero:registry": "\udcff"})
def test_any_text_under_any_key_is_read_or_told_to_be_wrong(config: dict[str, str]) -> None:
    assert_orderly({key: Entry(text) for key, text in config.items()})


def test_any_number_of_levels_is_told_to_be_wrong() -> None:
    # Python gives up somewhere below a thousand: what writes JSON does so a little before what reads it.
    for levels in (10, 100, *range(850, 1000), 100_000):
        nested = "[" * levels + "1" + "]" * levels
        for text in (nested, f'{{"name": {nested}}}'):
            assert mistakes_in({"hero:image": Entry(text)})
            assert_orderly({"hero:image": Entry(text)})


@steadily_but_less
@given(configs)
def test_of_a_secret_nothing_is_shown(config: dict[str, Any]) -> None:
    for mistake in mistakes_in(entries_of(config, secret=True)):
        assert mistake.problem.startswith(
            ("[secret] is not ", "[secret]: ", "unknown key", "a choice that is planned", "missing")
        )


@steadily_but_less
@given(simple_configs)
def test_whoever_follows_the_advice_ends_with_a_config_that_is_right(config: dict[str, Any]) -> None:
    config = copy.deepcopy(config)
    for _ in range(4):
        for mistake in mistakes_in(entries_of(config)):
            # A Dockerfile that is missing where it is looked for is to be written, not configured.
            if "there is no file Dockerfile in my app" in mistake.problem:
                config["hero:image"]["context"] = "hero"
            else:
                follow(mistake.mend, config)
    assert mistakes_in(entries_of(config)) == []


def assert_orderly(entries: Mapping[str, Entry]) -> None:
    """Valid, or mistakes of which each says where it is, what is allowed and what mends it, in printable lines."""
    mistakes = mistakes_in(entries)
    for mistake in mistakes:
        assert mistake.path.startswith("hero:")
        assert mistake.problem
        assert mistake.allowed
        assert mistake.told().replace("\n", "").isprintable()
        words = shlex.split(mistake.mend)
        assert words[:2] == ["./pulumiw", "config"]
        assert words[2] in ("set", "rm")
        assert words[3:5] == ["--stack", "dev"]
        flags, path = words[5:7] if words[5] == "--path" else words[6:8]
        assert flags == "--path"
        assert path.startswith("hero:")
    if not any("Traceback" in entry.text or "Traceback" in key for key, entry in entries.items()):
        assert not any("Traceback" in mistake.told() for mistake in mistakes)
