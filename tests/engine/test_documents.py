"""What the pages of a choice have their reader type, in their order, with stand-ins for the providers."""

import shutil

import pytest

from tests.documented import ANSWERS, OF_A_HOME, PAGES, PLAYED, by_its_reader, commands, played, typed, why_not
from tests.engine.house import House
from tools.places import ROOT

STACK = "mine"
WRITTEN = [page for page in PAGES if any(why_not(page, command) == PLAYED for command in commands(page))]
# What a page has its reader import is there to be lost before.
IMPORTED = "urn:pulumi:mine::hero::hero:registry:DockerHub$hero-home:provider:DockerHubRepository::dockerhub-repository"
LOSE = f"./pulumiw state delete --target-dependents --yes --stack {STACK} '{IMPORTED}'"
TOKEN = "the-administrators-token"


@pytest.mark.parametrize("page", WRITTEN)
def test_what_a_page_has_typed(house: House, page: str) -> None:
    furnish_for_a_reader(house)
    if page in OF_A_HOME:
        typed("make up", house.path, house.environment)
    for command in map(by_its_reader, played(page)):
        if command.startswith("./pulumiw import "):
            typed(LOSE, house.path, house.environment)
            command += " --yes"  # noqa: PLW2901 - what its reader is asked then
        assert ANSWERS.get(command, "") in typed(command, house.path, house.environment, TOKEN)
    stack = STACK if any(STACK in command for command in played(page)) else house.stack
    reader = House(house.path, house.world, house.plugins, house.environment, stack)
    assert reader.outputs()["image"]
    reader.destroy()
    assert not reader.state()


def furnish_for_a_reader(house: House) -> None:
    """The stacks' files and `make`; ./pulumiw is the CLI that is there already, and so is what `make` brings along."""
    # What is run from there takes this folder for the checkout.
    (house.path / "tools").unlink()
    shutil.copytree(ROOT / "tools", house.path / "tools")
    (house.path / "policies").symlink_to(ROOT / "policies")
    house.environment["MAKEFLAGS"] = "-- WITHIN=env"
    for name in ("Makefile", *(file.name for file in ROOT.glob("Pulumi.*.yaml"))):
        shutil.copy(ROOT / name, house.path / name)
    wrapper = house.path / "pulumiw"
    wrapper.write_text('#!/bin/sh\nexec pulumi --non-interactive "$@"\n')
    wrapper.chmod(0o755)
    house.neighbour(STACK)
