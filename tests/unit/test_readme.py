"""The README stays short, and the stack files in the documentation are valid."""

import re
from pathlib import Path
from typing import cast

import pytest
import yaml

from tests.unit.configuration import entries_of, mistakes_in, write_sources
from tools.places import ROOT

TEXT = (ROOT / "README.md").read_text()
GUIDES = sorted((ROOT / "docs").glob("*.md"))
STACK_FILES = [
    block for block in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL) if "image:" in block
]


def test_readme_has_at_most_1200_words() -> None:
    assert len(TEXT.split()) <= 1200


@pytest.mark.parametrize("stack_file", STACK_FILES, ids=re.findall(r"hero:registry: (\w+)", "".join(STACK_FILES)))
def test_stack_file_of_readme_is_valid(stack_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert not mistakes_in(entries_of(yaml.safe_load(stack_file)["config"]))


def test_readme_has_a_stack_file_of_each_registry_type() -> None:
    named = re.findall(r"hero:registry: (\w+)", "".join(STACK_FILES))
    assert named == ["embedded", "dockerhub", "harbor", "zot", "dragonfly"]


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.stem for guide in GUIDES])
def test_stack_files_of_guide_are_valid(guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"^```yaml\n(.*?)^```$", guide.read_text(), re.MULTILINE | re.DOTALL):
        config = cast("dict[str, dict[str, object]]", yaml.safe_load(block) or {}).get("config", {})
        assert not mistakes_in(entries_of({key: value for key, value in config.items() if key.startswith("hero:")}))
