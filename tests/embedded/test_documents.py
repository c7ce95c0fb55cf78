"""What the documentation has its reader type is typed here, in the same order, as far as any machine can do it."""

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checkout import Checkout, new_checkout
from tests.documented import ANSWERS, OF_A_HOME, PAGES, by_its_reader, run_by_a_test, typed
from tests.unit.configuration import entries_of, read

WALKS = ("README.md", "docs/embedded.md")
TYPED = [page for page in PAGES if page not in WALKS and run_by_a_test(page)]


@pytest.fixture
def other(tmp_path: Path) -> Generator[dict[str, Any]]:
    """What a registry tells that the newcomer has an account of: another checkout's."""
    with new_checkout(tmp_path / "other") as theirs:
        theirs.up()
        yield theirs.outputs()


def done(checkout: Checkout, command: str, answer: str = "what is typed then") -> str:
    """What it says when it is typed there, where the registry has another port."""
    return typed(command.replace("5001", str(checkout.port)), checkout.path, checkout.environment, answer)


def test_the_walk_of_a_newcomer(checkout: Checkout, other: dict[str, Any]) -> None:
    """The README's commands, and what it says in words: an image is pulled by any client, Hero's page is changed."""
    said: dict[str, list[str]] = {}
    homes: list[dict[str, Any]] = []
    own = {"REGISTRY": other["address"], "NAMESPACE": "newcomer", "USER": other["pusherUsername"]}
    for command in run_by_a_test("README.md"):
        if command == "make preview" and command not in said:
            page = checkout.path / "hero" / "page.html"
            page.write_text(page.read_text().replace("</h1>", ", who has been here</h1>", 1))
        words = [own.get(word, word) for word in command.split(" ")]
        said.setdefault(command, []).append(done(checkout, " ".join(words), other["pusherPassword"]))
        if command == "make up":
            homes.append(pulled(checkout))
    made, changed, moved = homes
    assert "docker pull 127.0.0.1" in said["make outputs"][0]
    assert "**2 to update**" in said["make preview"][0]  # the image, and the guard that records it
    assert made["digest"] != changed["digest"] == moved["digest"]
    assert made["address"] == changed["address"] != moved["address"] == other["address"]
    assert changed["digest"] in said["make where"][1]
    assert list(said)[-1] == "make down"
    assert not checkout.registries()


def pulled(checkout: Checkout) -> dict[str, Any]:
    """What the stack tells of where Hero lives, once an image was had from there."""
    told = checkout.outputs()
    archive = checkout.path.parent / "pulled.tar"
    checkout.crane("pull", told["image"], str(archive), told=told)
    assert archive.stat().st_size > 0
    archive.unlink()
    assert checkout.crane("digest", f"{told['repository']}:latest", told=told) == told["digest"]
    return told


def test_the_page_of_the_embedded_registry(checkout: Checkout) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on PATH, which that page has its reader type")
    said = [done(checkout, command) for command in run_by_a_test("docs/embedded.md")]
    assert any('"name":"hero","tags":[' in text for text in said)


@pytest.mark.parametrize("page", TYPED)
def test_what_a_page_has_done(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    if page in OF_A_HOME:
        checkout.up()
    for command in run_by_a_test(page):
        assert ANSWERS.get(command, "") in done(checkout, by_its_reader(command))
    stack = checkout.path / ("Pulumi.mine.yaml" if (checkout.path / "Pulumi.mine.yaml").exists() else "Pulumi.dev.yaml")
    monkeypatch.chdir(checkout.path)
    assert configured(stack)


def configured(stack: Path) -> bool:
    """Whether the program takes what the commands have written for a config without a mistake."""
    return bool(read(entries_of(yaml.safe_load(stack.read_text())["config"])).registry)
