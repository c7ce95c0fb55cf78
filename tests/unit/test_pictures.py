"""The pictures of the documentation: each is shown, made by a command, and drawn of what is still so."""

import json
import re
from pathlib import Path

import pytest

from components.catalogue import CHOICES
from tests.pictures.drawing import PICTURES, drawn_of, mark, sum_of
from tests.pictures.sources import cards, comment, graph
from tools.places import ROOT

DRAWN = {"preview.png": comment, "resources.png": graph}
# By `make picture` and, of what was measured, by what measures it.
BY_ITSELF = {"hero.png", "zot.png", "scale.svg", "speed.svg", "lazy-start.svg", "peer-to-peer.svg"}


def shown(page: Path) -> set[str]:
    """The pictures that a page has."""
    return set(re.findall(r"!\[[^\]]+\]\((?:docs/)?pictures/([\w.-]+)\)", page.read_text()))


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_drawn_of_what_was_recorded_last(name: str) -> None:
    assert drawn_of(PICTURES / name) == sum_of(DRAWN[name]()), "make pictures"


def test_each_picture_is_shown_and_each_has_a_command() -> None:
    there = {file.name for file in PICTURES.iterdir()}
    assert there == {*DRAWN, *BY_ITSELF, *(f"choice-{choice}.png" for choice in CHOICES)}
    everywhere = [shown(page) for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    assert set[str]().union(*everywhere) == there


@pytest.mark.parametrize("choice", CHOICES)
def test_guide_of_registry_type_shows_its_resources(choice: str) -> None:
    assert f"choice-{choice}.png" in shown(ROOT / "docs" / f"{CHOICES[choice].page}.md")


def test_a_picture_says_what_it_was_drawn_of(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes((PICTURES / "preview.png").read_bytes())
    mark(picture, "another text")
    assert drawn_of(picture) == sum_of("another text") != sum_of(comment())


def test_a_card_for_each_component_with_what_it_waits_for() -> None:
    """What waits through another is not drawn, and what the engine makes for itself is no part of anything."""
    stack = "urn:pulumi:dev::hero::pulumi:pulumi:Stack::hero-dev"
    provider = "urn:pulumi:dev::hero::pulumi:providers:random::default"

    def made(name: str, kind: str, parent: str, *waits: str, custom: bool = True) -> dict[str, object]:
        urn = f"urn:pulumi:dev::hero::{kind}::{name}"
        return {"urn": urn, "type": kind, "parent": parent, "custom": custom, "dependencies": list(waits)}

    registry = made("zot", "hero:registry:Zot", stack, custom=False)
    inside = made("zot-one", "random:index/randomPassword:RandomPassword", str(registry["urn"]), provider)
    another = made("zot-two", "random:index/randomPassword:RandomPassword", str(registry["urn"]))
    home = made("home", "hero-home:provider:Home", stack, str(inside["urn"]))
    hero = made("hero", "hero:image:HeroImage", stack, str(home["urn"]), str(inside["urn"]), custom=False)
    top = {"urn": stack, "type": "pulumi:pulumi:Stack"}
    default = {"urn": provider, "type": "pulumi:providers:random", "parent": stack, "custom": True}
    lines = cards(json.loads(json.dumps([top, default, registry, inside, another, home, hero]))).splitlines()
    assert lines[2:] == [
        '  n0["<b>zot</b> hero:registry:Zot<br/><i>random</i> 2 RandomPassword"]',
        '  n1["<b>home</b> hero-home:provider:Home"]',
        '  n2["<b>hero</b> hero:image:HeroImage"]',
        "  n0 --> n1",
        "  n1 --> n2",
    ]
