"""The texts that pictures are drawn of: a pull request's comment, its graph, and what each choice is made of."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from components.catalogue import CHOICES
from tests.engine.cases import CASES, furnish
from tests.engine.house import House, new_house
from tests.previews import events, secrets
from tools.places import ROOT
from tools.preview.events import read
from tools.preview.markdown import render
from tools.preview.masks import Masks

SCENE = "changed"
# What a ready-made stack file leaves to its reader, and the tests' world.
OWN = {"dockerhub": ("namespace", "token"), "zot": ("domain",), "harbor": ("domain",), "dragonfly": ()}


def comment() -> str:
    """What a pull request is told where a zot's passwords are rotated and its nodes are let alone; Markdown."""
    return render(read(events(SCENE), Masks(secrets(SCENE))), "preview", "dev")


def graph() -> str:
    """The resources of the same preview; Mermaid."""
    return comment().partition("```mermaid\n")[2].partition("```")[0]


def config_of(choice: str) -> dict[str, Any]:
    """The choice's own stack file, with what it leaves to its reader taken from the engine tier's case."""
    written: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{_stack(choice)}.yaml").read_text())["config"]
    config: dict[str, Any] = {key.removeprefix("hero:"): value for key, value in written.items()}
    case = next(each for each in CASES if each.choice == choice and each.build == "ko")
    for block in case.homes:
        own = {key: case.config()[block][key] for key in OWN.get(block, ())}
        config[block] = {**config.get(block, {}), **own}
    return config


def _stack(choice: str) -> str:
    return "dev" if choice == "embedded" else choice


def brought_up(choice: str, folder: Path) -> list[dict[str, Any]]:
    """The resources in the state of a stack that the real engine has brought up, with stand-ins for the providers."""
    house: House = new_house(folder, {})
    try:
        furnish(house)
        house.configure(config_of(choice))
        house.up()
        return house.exported()["deployment"]["resources"]
    finally:
        house.plugins.close()


def cards(resources: list[dict[str, Any]]) -> str:
    """A card for whatever is right below the stack, with what it is made of, and what waits for what; Mermaid.

    That one waits for another is not drawn where it waits for a third that does.
    """
    # It depends on all others, and a picture of that shows nothing else.
    resources = [each for each in resources if each["type"] != "hero-home:provider:StorageGuard"]
    by_urn = {each["urn"]: each for each in resources}
    card_of = {urn: _card(urn, by_urn) for urn in by_urn}
    # By name first: the engine comes to what does not wait in an order of its own.
    before: dict[str, set[str]] = {card: set() for card in sorted(set(card_of.values()) - {""})}
    for each in resources:
        mine, others = card_of[each["urn"]], [*each.get("dependencies", []), *_of_properties(each)]
        if mine:
            before[mine] |= {card_of.get(other, "") for other in others} - {mine, ""}
    numbers = {urn: number for number, urn in enumerate(TopologicalSorter(before).static_order())}
    lines = ["flowchart LR", "  classDef default fill:#f6f8fa,stroke:#8c959f,color:#1f2328"]
    for card, number in numbers.items():
        inside = [each for each in resources if card_of[each["urn"]] == card != each["urn"] and each.get("custom")]
        lines.append(f'  n{number}["{_title(by_urn[card])}{"".join(_rows(inside))}"]')
    waits = {(numbers[other], numbers[card]) for card, others in before.items() for other in others}
    through = {(first, then) for first, between in waits for other, then in waits if between == other}
    lines += [f"  n{first} --> n{then}" for first, then in sorted(waits - through)]
    return "\n".join(lines) + "\n"


def _card(urn: str, by_urn: dict[str, dict[str, Any]]) -> str:
    """What is right below the stack that this is, or is in; nothing for the stack, and for what is the engine's own."""
    parent = by_urn[urn].get("parent", "")
    if not parent or ("pulumi:providers:" in by_urn[urn]["type"] and "::default" in urn):
        return ""
    return urn if by_urn[parent]["type"] == "pulumi:pulumi:Stack" else _card(parent, by_urn)


def _of_properties(resource: dict[str, Any]) -> Iterator[str]:
    for urns in resource.get("propertyDependencies", {}).values():
        yield from urns or []


def _title(resource: dict[str, Any]) -> str:
    return f"<b>{resource['urn'].rpartition('::')[2]}</b> {resource['type']}"


def _rows(inside: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each provider, with how many it makes of each kind."""
    kinds = Counter(_words(each["type"]) for each in inside if not each["type"].startswith("pulumi:providers:"))
    for package in sorted({package for package, _ in kinds}):
        ours = [(kind, count) for (each, kind), count in sorted(kinds.items()) if each == package]
        told = [kind if count == 1 else f"{count} {kind}" for kind, count in ours]
        yield f"<br/><i>{package}</i> {', '.join(told)}"


def _words(token: str) -> tuple[str, str]:
    """The package that makes it, and what it is."""
    return token.partition(":")[0], token.rpartition(":")[2]


def card_sources() -> dict[str, Callable[[Path], str]]:
    """By choice, what makes the text of its picture in a folder."""

    def source(choice: str, folder: Path) -> str:
        return cards(brought_up(choice, folder))

    return {choice: partial(source, choice) for choice in CHOICES}
