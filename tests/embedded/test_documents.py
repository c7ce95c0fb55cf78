"""What the documentation has its reader type is typed here, in the same order, as far as any machine can do it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.checkout import Checkout
from tests.documented import PAGES, run_by_a_test
from tests.unit.configuration import entries_of, read

SECONDS_FOR_A_COMMAND = 300
# What stands for something of the reader's own.
OWN = {"NAMESPACE": "vfarcic"}
WALKS = ("README.md", "docs/embedded.md")
TYPED = [page for page in PAGES if page not in WALKS and run_by_a_test(page)]


def typed(checkout: Checkout, command: str) -> str:
    """Its words, where it ends well; a command that asks is answered."""
    ended = subprocess.run(
        ["sh", "-c", command.replace("5001", str(checkout.port))],
        cwd=checkout.path,
        env=checkout.environment,
        input="what is typed then\n",
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_A_COMMAND,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_the_walk_of_a_newcomer(checkout: Checkout) -> None:
    """The README's commands; where it says so, Hero's page is changed, and the image is pulled as any client would."""
    said: dict[str, list[str]] = {}
    digests: list[str] = []
    for command in run_by_a_test("README.md"):
        if command == "make preview":
            page = checkout.path / "hero" / "page.html"
            page.write_text(page.read_text().replace("</h1>", ", who has been here</h1>", 1))
        said.setdefault(command, []).append(typed(checkout, command))
        if command == "make up":
            told = checkout.outputs()
            digests.append(told["digest"])
            assert checkout.crane("digest", f"{told['repository']}:latest") == told["digest"]
    assert "docker pull 127.0.0.1" in said["make outputs"][0]
    assert "**1 to update**" in said["make preview"][0]
    assert len(digests) == len(set(digests)) == 2
    assert not checkout.registries()
    assert list(said)[-1] == "make down"


def test_the_page_of_the_embedded_registry(checkout: Checkout) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl on PATH, which that page has its reader type")
    said = [typed(checkout, command) for command in run_by_a_test("docs/embedded.md")]
    assert any('"name":"hero","tags":[' in text for text in said)


@pytest.mark.parametrize("page", TYPED)
def test_what_a_page_has_typed(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    for command in run_by_a_test(page):
        for word, own in OWN.items():
            command = command.replace(word, own)  # noqa: PLW2901 - the same one, as its reader types it
        typed(checkout, command)
    stack = checkout.path / ("Pulumi.mine.yaml" if (checkout.path / "Pulumi.mine.yaml").exists() else "Pulumi.dev.yaml")
    monkeypatch.chdir(checkout.path)
    assert configured(stack)


def configured(stack: Path) -> bool:
    """Whether the program takes what the commands have written for a config without a mistake."""
    return bool(read(entries_of(yaml.safe_load(stack.read_text())["config"])).registry)
