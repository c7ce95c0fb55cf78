"""How ./pulumiw finds or makes what it needs, and what it says when it cannot."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import cli, go, official, packages, places, wrapper
from tools.problem import Problem

PROGRAM = "package main\n\nfunc main() { println(number) }\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "hero"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go module of two files."""
    monkeypatch.setattr(go, "ROOT", tmp_path)
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/small\n\ngo 1.24\n")
    (folder / "go.sum").write_text("")
    (folder / "main.go").write_text(PROGRAM)
    (folder / "number.go").write_text("package main\n\nconst number = 7\n")
    return folder


def program(folder: Path, name: str, says: str) -> Path:
    """Something on PATH that says a version."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return file


def the_go() -> Path:
    return go.ensure_go(packages.ensure_packages())


def test_a_cli_on_path_that_is_new_enough_is_taken(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "pulumi", "v3.300.1")
    program(tmp_path / "bin", "pulumi-language-python", "")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert cli.ensure_cli(tmp_path) == tmp_path / "bin"
    assert cache.exists()


@pytest.mark.parametrize(
    ("version", "host", "why"), [("v3.100.0", True, "is older than"), ("v3.300.0", False, "has no language host")]
)
def test_a_cli_on_path_that_will_not_do_is_passed_over_with_a_word_why(
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    host: bool,  # noqa: FBT001 - a column of the table
    why: str,
) -> None:
    program(tmp_path / "bin", "pulumi", version)
    if host:
        program(tmp_path / "bin", "pulumi-language-python", "")
    program(cache / f"pulumi-official-{cli.VERSION}" / "bin", "pulumi", f"v{cli.VERSION}")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert cli.ensure_cli(tmp_path) == cache / f"pulumi-official-{cli.VERSION}" / "bin"
    assert why in capsys.readouterr().err


def test_another_cli_at_the_same_path_is_asked_again(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "pulumi-language-python", "")
    program(cache / f"pulumi-official-{cli.VERSION}" / "bin", "pulumi", f"v{cli.VERSION}")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    program(tmp_path / "bin", "pulumi", "v3.300.0")
    assert cli.ensure_cli(tmp_path) == tmp_path / "bin"
    program(tmp_path / "bin", "pulumi", "v3.1.0, much older")
    assert cli.ensure_cli(tmp_path) != tmp_path / "bin"


def test_the_official_archive_is_taken_where_it_can_be_had(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(official, "reachable", lambda: True)
    monkeypatch.setattr(official, "INSTALL", installer(f"v{cli.VERSION}"))
    assert official.download(cli.VERSION) == cache / f"pulumi-official-{cli.VERSION}" / "bin"
    assert official.installed(cli.VERSION) is not None
    assert f"Pulumi CLI {cli.VERSION} from https://get.pulumi.com: done in" in capsys.readouterr().err


def test_an_archive_with_another_version_in_it_is_refused(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(official, "reachable", lambda: True)
    monkeypatch.setattr(official, "INSTALL", installer("v3.1.0"))
    assert official.download(cli.VERSION) is None
    assert f"the archive of {cli.VERSION} holds v3.1.0; it is built" in capsys.readouterr().err
    assert not list(cache.glob("pulumi-official-*/"))


def test_a_download_that_breaks_off_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(official, "reachable", lambda: True)
    monkeypatch.setattr(official, "INSTALL", "raise SystemExit('connection reset')")
    assert official.download(cli.VERSION) is None
    assert "the download failed: connection reset; it is built" in capsys.readouterr().err
    assert not list(cache.glob("pulumi-official-*/"))


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "https://nowhere.invalid"])
def test_an_archive_that_nobody_serves_is_noticed_within_seconds(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(official, "ASK", official.ASK.replace(official.URL, url))
    started = time.monotonic()
    assert not official.reachable()
    assert time.monotonic() - started < official.SECONDS_TO_ANSWER + 2


def test_a_server_that_never_answers_is_noticed_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket  # noqa: PLC0415 - only this test is a server

    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        url = f"https://127.0.0.1:{black_hole.getsockname()[1]}"
        monkeypatch.setattr(official, "ASK", official.ASK.replace(official.URL, url))
        started = time.monotonic()
        assert not official.reachable()
        assert time.monotonic() - started < official.SECONDS_TO_ANSWER + 2


def test_a_build_is_done_once_and_again_for_other_source(
    cache: Path, module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = go.build(the_go(), module, ".", "small")
    said = capsys.readouterr().err
    assert "building small with Go: done in" in said
    assert go.build(the_go(), module, ".", "small") == first
    assert capsys.readouterr().err == ""
    (module / "number.go").write_text("package main\n\nconst number = 8\n")
    second = go.build(the_go(), module, ".", "small")
    assert second != first
    assert says(second / "small") == "8"
    assert says(first / "small") == "7"
    assert sorted(folder.name for folder in cache.glob("small-*")) == sorted([first.name, second.name])


def test_two_builds_at_once_do_the_work_once(cache: Path, module: Path) -> None:
    words = (
        f"import sys; sys.path.insert(0, {str(places.ROOT)!r})\n"
        "from pathlib import Path\nfrom tools import go\n"
        f"go.ROOT = Path({str(module.parent)!r})\n"
        f"go.build(Path({str(the_go())!r}), Path({str(module)!r}), '.', 'small')\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", words], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sum("done in" in text for text in said) == 1
    assert len(list(cache.glob("small-*"))) == 1


def test_a_program_that_does_not_compile_is_told_in_gos_own_words(cache: Path, module: Path) -> None:
    (module / "number.go").write_text("package main\n")
    with pytest.raises(Problem, match="undefined: number"):
        go.build(the_go(), module, ".", "small")
    assert not list(cache.glob("small-*"))


def test_what_go_sum_does_not_vouch_for_is_not_built(cache: Path, module: Path) -> None:
    (module / "go.mod").write_text("module example.com/small\n\ngo 1.24\n\nrequire github.com/google/uuid v1.6.0\n")
    (module / "number.go").write_text('package main\n\nimport "github.com/google/uuid"\n\nvar number = uuid.New()\n')
    with pytest.raises(Problem, match=r"missing go\.sum entry"):
        go.build(the_go(), module, ".", "small")
    assert not list(cache.glob("small-*"))


def test_old_builds_go_and_their_neighbours_stay(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "small-home").mkdir()
    (cache / f"small-other-{'a' * 16}").mkdir()
    for number in range(places.BUILDS_KEPT + 2):
        folder = cache / f"small-{number:016x}"
        with places.newly_made(folder) as unfinished:
            (unfinished / "small").touch()
        os.utime(folder, (number, number))
    left = {folder.name for folder in cache.iterdir()}
    assert {"small-home", f"small-other-{'a' * 16}"} <= left
    assert len(left) == places.BUILDS_KEPT + 2


def test_an_older_uv_or_go_on_path_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "uv", "uv 0.4.9")
    program(tmp_path / "bin", "go", "go version go1.22.1 linux/amd64")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert packages.find_uv() is None
    assert go.find_go() is None
    program(tmp_path / "bin", "uv", "uv 0.9.1")
    program(tmp_path / "bin", "go", "go version go1.27.0 linux/amd64")
    assert packages.find_uv() == tmp_path / "bin" / "uv"
    assert go.find_go() == tmp_path / "bin"


def test_pins_are_hashes() -> None:
    for pin in (packages.UV_PIN, go.GO_PIN):
        assert "--hash=sha256:" in pin.read_text()


@pytest.mark.parametrize(
    ("arguments", "stack"),
    [(["up"], "dev"), (["up", "--stack", "x"], "x"), (["up", "-s", "x"], "x"), (["up", "--stack=x"], "x")],
)
def test_the_stack_of_a_command(monkeypatch: pytest.MonkeyPatch, arguments: list[str], stack: str) -> None:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    assert wrapper.stack_of(arguments) == stack


def test_a_cache_that_cannot_be_written_to_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [places.ROOT / "pulumiw", "version"],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert str(tmp_path / "file") in ended.stderr
    assert "Traceback" not in ended.stderr


def installer(version: str) -> str:
    """In place of the SDK's: puts a program at the given root, as the official one does."""
    return (
        "import pathlib, sys\n"
        "folder = pathlib.Path(sys.argv[1]) / 'bin'\n"
        "folder.mkdir(parents=True)\n"
        f"(folder / 'pulumi').write_text('#!/bin/sh\\necho {version}\\n')\n"
        "(folder / 'pulumi').chmod(0o755)\n"
    )


def says(file: Path) -> str:
    return subprocess.run([file], check=True, capture_output=True, text=True).stderr.strip()
