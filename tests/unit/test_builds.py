"""What is built with Go: when it is built anew, that it is whole, and what one sees of it."""

import base64
import hashlib
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import zipfile
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.unit.programs import is_alive, script, stand_in_for_go
from tools import go, places, progress
from tools.problem import Problem

COLUMNS = 60
COUNTS = re.compile(r"(\d+)/(\d+)")


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A Go that compiles nothing, where it does not matter what is compiled."""
    stand_in_for_go(tmp_path / "quick" / "go", 'echo built > "$program"')
    return tmp_path / "quick"


# When it is built


def test_it_is_built_once_and_again_for_other_source(
    cache: Path, module: Path, go_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = go.build(go_folder, module, ".", "small")
    assert "building small with Go: done in" in capsys.readouterr().err
    assert go.build(go_folder, module, ".", "small") == first
    assert capsys.readouterr().err == ""
    (module / "number.go").write_text("package main\n\nconst number = 8\n")
    second = go.build(go_folder, module, ".", "small")
    assert (says(first / "small"), says(second / "small")) == ("7", "8")
    assert sorted(cache.glob("small-*")) == sorted([first, second])


def a_byte_more(file: str) -> Callable[[Path], None]:
    """Changes one file of the module."""

    def change(module: Path) -> None:
        with (module / file).open("a") as opened:
            opened.write("\n")

    return change


def a_file_more(module: Path) -> None:
    (module / "more.go").write_text("package main\n")


def a_file_less(module: Path) -> None:
    (module / "number.go").unlink()


def a_file_renamed(module: Path) -> None:
    (module / "number.go").rename(module / "numbers.go")


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    "change",
    [
        a_byte_more("main.go"),
        a_byte_more("one/one.go"),
        a_byte_more("go.mod"),
        a_byte_more("go.sum"),
        a_file_more,
        a_file_less,
        a_file_renamed,
    ],
)
def test_any_change_of_the_source_is_another_build(module: Path, quick: Path, change: Callable[[Path], None]) -> None:
    first = go.build(quick, module, ".", "small")
    change(module)
    assert not go.is_built(module, "small")
    assert go.build(quick, module, ".", "small") != first


@pytest.mark.usefixtures("cache")
def test_other_flags_or_another_file_beside_it_are_another_build(module: Path, quick: Path, tmp_path: Path) -> None:
    beside = script(tmp_path / "beside", "echo 1")
    builds = [
        go.build(quick, module, ".", "small"),
        go.build(quick, module, ".", "small", flags="-X main.a=1"),
        go.build(quick, module, ".", "small", flags="-X main.a=2"),
        go.build(quick, module, ".", "small", beside=(beside,)),
    ]
    script(beside, "echo 2")
    builds.append(go.build(quick, module, ".", "small", beside=(beside,)))
    assert len(set(builds)) == len(builds)
    assert says(builds[-1] / "beside") == "2"


@pytest.mark.usefixtures("cache")
def test_a_build_that_somebody_took_a_part_of_is_made_whole_again(module: Path, quick: Path, tmp_path: Path) -> None:
    beside = script(tmp_path / "beside", "echo 1")
    folder = go.build(quick, module, ".", "small", beside=(beside,))
    for part in ("small", "beside"):
        (folder / part).unlink()
        assert not go.is_built(module, "small", beside=(beside,))
        assert go.build(quick, module, ".", "small", beside=(beside,)) == folder
        assert sorted(file.name for file in folder.iterdir()) == ["beside", "small"]


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


@pytest.mark.usefixtures("cache")
def test_what_this_machine_cannot_run_is_not_built(
    module: Path, go_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "windows")
    monkeypatch.setenv("GOARCH", "s390x")
    assert says(go.build(go_folder, module, ".", "small") / "small") == "7"


# That it is whole


def test_two_at_once_do_the_work_once(cache: Path, module: Path, tmp_path: Path) -> None:
    slow, asked = tmp_path / "slow", tmp_path / "asked"
    stand_in_for_go(slow / "go", f"echo asked >> '{asked}'", "sleep 1", 'echo built > "$program"')
    runs = [building(slow, module) for _ in range(2)]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert asked.read_text() == "asked\n"
    assert sum("done in" in text for text in said) == 1
    assert sum("another run makes what this one needs too" in text for text in said) == 1
    assert len(list(cache.glob("small-*"))) == 1


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [(signal.SIGINT, 130, "pulumiw: interrupted\n"), (signal.SIGTERM, 143, ""), (signal.SIGKILL, -9, "")],
)
def test_a_build_that_is_cut_short_leaves_nothing_that_is_taken_for_whole(
    cache: Path, module: Path, quick: Path, tmp_path: Path, number: int, code: int, words: str
) -> None:
    endless, process = tmp_path / "endless", tmp_path / "process"
    stand_in_for_go(endless / "go", 'echo half > "$program"', f"echo $$ > '{process}'", "exec sleep 60")
    run = building(endless, module)
    wait_until(lambda: process.exists() and process.read_text().endswith("\n"))
    run.send_signal(number)
    said = run.communicate()[1]
    assert run.returncode == code
    assert said.endswith(words)
    assert "Traceback" not in said
    assert not go.is_built(module, "small")
    if number == signal.SIGKILL:
        os.kill(int(process.read_text()), signal.SIGKILL)
    else:
        assert list(cache.glob("small-*")) == []
    wait_until(lambda: not is_alive(int(process.read_text())))
    folder = go.build(quick, module, ".", "small")
    assert (folder / "small").read_text() == "built\n"
    assert list(cache.glob("small-*")) == [folder]


def test_a_program_that_does_not_compile_is_told_in_gos_own_words(cache: Path, module: Path, go_folder: Path) -> None:
    (module / "number.go").write_text("package main\n")
    run = building(go_folder, module)
    said = run.communicate()[1]
    assert run.returncode == 1
    assert re.search(r"`go build` in .*module failed:\n  # .*\n  \./main\.go:8:23: undefined: number", said)
    assert "Traceback" not in said
    assert list(cache.glob("small-*")) == []


def test_what_go_sum_does_not_vouch_for_is_not_built(
    cache: Path, module: Path, go_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = publish(tmp_path / "proxy", monkeypatch)
    require_what_is_published(module)
    with pytest.raises(Problem, match=r"missing go\.sum entry"):
        go.build(go_folder, module, ".", "small")
    (module / "go.sum").write_text(sums.replace("v1.0.0 h1:", "v1.0.0 h1:AAAA"))
    with pytest.raises(Problem, match="checksum mismatch"):
        go.build(go_folder, module, ".", "small")
    assert list(cache.glob("small-*")) == []
    (module / "go.sum").write_text(sums)
    assert says(go.build(go_folder, module, ".", "small") / "small") == "9"


# What one sees of it


@pytest.mark.usefixtures("cache")
def test_in_a_log_the_counts_reach_the_total(
    module: Path, go_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # What Go says of its downloads is not to be counted.
    (module / "go.sum").write_text(publish(tmp_path / "proxy", monkeypatch))
    require_what_is_published(module)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    go.build(go_folder, module, ".", "small")
    said = capsys.readouterr().err
    assert "\r" not in said
    reach_the_total(said)


@pytest.mark.usefixtures("cache")
def test_at_a_terminal_the_bar_reaches_its_end_and_makes_way(module: Path, go_folder: Path) -> None:
    terminal, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    run = subprocess.Popen(command(go_folder, module), stdout=inside, stderr=inside, env=without_columns())
    os.close(inside)
    said = everything_from(terminal)
    assert run.wait() == 0
    reach_the_total(said)
    frames = said.split("\r\x1b[K")
    assert f"[{'#' * progress.WIDTH}]" in said
    assert all(len(frame) < COLUMNS for frame in frames[:-1])
    assert re.fullmatch(r"pulumiw: building small with Go: done in \d+\.\d s\r\n", frames[-1])


def test_time_moves_while_nothing_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LOOKS", 0.1)
    lines: list[str] = []

    def second_has_passed() -> bool:
        lines.extend(capsys.readouterr().err.splitlines())
        return "pulumiw: a long silence: 1 s" in lines

    with progress.step("a long silence"):
        wait_until(second_has_passed)
    assert "pulumiw: a long silence: 0 s" in lines


def test_a_step_that_fails_is_not_told_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Problem), progress.step("a vain attempt"):
        raise Problem("no")
    assert "done" not in capsys.readouterr().err


def reach_the_total(said: str) -> None:
    counts = [(int(done), int(total)) for done, total in COUNTS.findall(said)]
    assert counts == sorted(counts)
    done, total = counts[-1]
    # The module's own three; more where this machine has compiled little of Go's library yet.
    assert done == total >= 3


def command(folder: Path, module: Path) -> list[str | Path]:
    """A build by a process of its own, told as ./pulumiw tells it."""
    words = (
        f"import sys; sys.path.insert(0, {str(places.ROOT)!r})\n"
        "from pathlib import Path\nfrom tools import go, wrapper\n"
        f"work = lambda: go.build(Path({str(folder)!r}), Path({str(module)!r}), '.', 'small') and 0\n"
        "sys.exit(wrapper.plainly(work))\n"
    )
    return [sys.executable, "-c", words]


def building(folder: Path, module: Path) -> subprocess.Popen[str]:
    """Such a build, begun."""
    return subprocess.Popen(command(folder, module), stderr=subprocess.PIPE, text=True)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; the bound is far above what a slow machine needs."""
    deadline = time.monotonic() + 600
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def says(file: Path) -> str:
    ended = subprocess.run([file], check=True, capture_output=True, text=True)
    return (ended.stdout + ended.stderr).strip()


def without_columns() -> dict[str, str]:
    """So that the terminal itself is asked how wide it is."""
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


def everything_from(terminal: int) -> str:
    """All that is shown there until nobody writes to it any more."""
    shown = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            # How Linux says that the other side is closed.
            break
        if not more:
            break
        shown += more
    os.close(terminal)
    return shown.decode()


def publish(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish a Go module in a proxy that is a folder; returns the lines for go.sum."""
    versions = folder / "example.com" / "number" / "@v"
    versions.mkdir(parents=True)
    manifest = "module example.com/number\n"
    files = {"go.mod": manifest, "number.go": "package number\n\nconst N = 9\n"}
    (versions / "v1.0.0.info").write_text(json.dumps({"Version": "v1.0.0"}))
    (versions / "v1.0.0.mod").write_text(manifest)
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as packed:
        for name, content in files.items():
            packed.writestr(f"example.com/number@v1.0.0/{name}", content)
    monkeypatch.setenv("GOPROXY", folder.as_uri())
    monkeypatch.setenv("GOMODCACHE", str(folder / "modules"))
    whole = {f"example.com/number@v1.0.0/{name}": content for name, content in files.items()}
    return (
        f"example.com/number v1.0.0 {hash_of(whole)}\n"
        f"example.com/number v1.0.0/go.mod {hash_of({'go.mod': manifest})}\n"
    )


def require_what_is_published(module: Path) -> None:
    """Let the module take its number from there."""
    (module / "go.mod").write_text("module example.com/small\n\ngo 1.24\n\nrequire example.com/number v1.0.0\n")
    (module / "number.go").write_text('package main\n\nimport n "example.com/number"\n\nconst number = n.N\n')


def hash_of(files: dict[str, str]) -> str:
    """As go.sum has it."""
    lines = [f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n" for name, content in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
