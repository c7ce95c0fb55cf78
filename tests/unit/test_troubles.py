"""The table of troubles has what the program says, and nothing that it does not say."""

import re

from tests.unit.refusals import HOLE, refusals, texts
from tools.places import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
# The shortest words that say of a row which message it is about.
FEWEST_LETTERS = 10

# What a person meets as a part of another message, which is in the table.
PARTS = {
    "accelctl has pushed nothing",
    "the stack cannot be read",
    "… is no number",
    "it has no package main",
    "it says …",
    "it took too long",
    "no answer in …",
    "somebody else has changed it in the meantime",
    "what syft wrote is no SPDX document",
    "no SBOM of it can be read",
    "it has … bytes instead of …",
    "… bytes instead of …",
    "1 manifest or blob",
    "… manifests and blobs",
    # Causes, behind "cannot read …:".
    "compressed with xz",
    "it has no module directive",
    "not a regular file",
    "not a tar archive",
    "not valid JSON: …",
    "the file is truncated",
    "the layer … is missing",
    "the layer …: …",
    "the link leads to a folder that contains the link",
    "… is missing",
    "… is neither an image nor an index",
    "… is not valid JSON: …",
    # Behind "cannot build …:".
    "the program was built with …=…, and the image is for …, which needs …",
}
# What says how a command of CI or of a test is called, and is no trouble.
USAGES = {
    "name a stack: make status STACK=…",
    "name a stack: make where STACK=…",
    "name a stack: make verify STACK=…",
    "name a stack: make learn STACK=…",
    "name a command to run: python3 -m tools.within COMMAND …",
    "name a commit to compare with: python3 -S -m tools.touched BASE",
    "name one tool: python3 -S -m tools.provide …",
    "say what to report, and of which stack: python -m tools.preview … STACK",
    "say what to tell whom: …",
}
# What only a mistake of ours could bring about: nobody at the terminal can mend it.
FAULTS = {
    "no list of homes: …",
    "no list of images: …",
    "no home: …",
    "the files of the image cannot be listed",
    "an image cannot come from …",
    "ko returned no image",
    "the index names no manifest …",
    "the manifest names no blob …",
    "the manifest names no config",
    "properties that do not fit: …",
    "the engine at … cannot be reached: …",
    "this plugin has no resource …",
}
LEFT_OUT = PARTS | USAGES | FAULTS


def rows() -> list[str]:
    """The first column of each table of what the program says, on any page."""
    found: list[str] = []
    for page in PAGES:
        for table in re.findall(r"^\| what it says \|.*\n\| --- .*\n((?:\|.*\n)+)", page.read_text(), re.MULTILINE):
            found += [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()]
    return found


def words(row: str) -> list[str]:
    """What stands between the holes of a row's text."""
    code = re.fullmatch(r"(`+) ?(.+?) ?\1", row)
    assert code, f"{row} is no text of the program's"
    return [part.strip() for part in code[2].split(HOLE) if part.strip(" .:;,()")]


def is_about(row: str, text: str) -> bool:
    place = 0
    for part in words(row):
        place = text.find(part, place) + len(part)
        if place < len(part):
            return False
    return True


def test_what_is_in_the_table_is_said_by_the_program() -> None:
    assert not [row for row in rows() if sum(map(len, words(row))) < FEWEST_LETTERS]
    assert not [row for row in rows() if not any(is_about(row, text) for text in texts())]


def test_what_the_program_refuses_is_in_the_table() -> None:
    wanted = refusals() - LEFT_OUT
    assert not [text for text in wanted if not any(is_about(row, text) for row in rows())], "docs/troubles.md"
    assert len(wanted) > 100


def test_what_is_left_out_is_said_by_the_program() -> None:
    assert refusals() >= LEFT_OUT


def test_no_row_is_there_twice() -> None:
    assert len(set(rows())) == len(rows()) > len(LEFT_OUT)
