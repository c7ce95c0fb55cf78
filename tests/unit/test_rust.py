"""Programs of a Rust crate, with a cargo that is played."""

from pathlib import Path

import pytest

from tests.unit.programs import script, speaker
from tools import provide, rust
from tools.problem import Problem

CRATE = rust.Crate("small-rs", "2.2.0", ("small", "smaller"), oldest_cargo=(1, 66), needs=("cc",))
# It writes down how it was called, and makes what it is told to, as the real one does.
BUILDS = [
    'if [ "$1" = --version ]; then echo "cargo 1.66.1 (a day)"; exit; fi',
    'echo "$@" >> "$0.calls"; echo "${GIT_DIR-} ${CARGO_TARGET_DIR-none} ${CARGO_BUILD_TARGET-none}" >> "$0.calls"',
    'echo "   Compiling small-rs v2.2.0" >&2',
    'root=; while [ $# -gt 0 ]; do case "$1" in --root) root=$2 ;; --bin) names="${names-} $2" ;; esac; shift; done',
    'mkdir -p "$root/bin" "$root/compiled/release"',
    'for name in $names; do echo "echo $name" > "$root/bin/$name"; done',
]


@pytest.fixture
def cargo(cache: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cargo that builds, with a compiler beside it and an empty cache, for somebody who has set up much else."""
    assert not cache.exists()
    monkeypatch.setenv("CARGO_TARGET_DIR", "/elsewhere")
    monkeypatch.setenv("CARGO_BUILD_TARGET", "wasm32-unknown-unknown")
    speaker(path / "cc", "cc 12.2")
    return script(path / "cargo", *BUILDS)


def test_all_programs_are_built_at_once_and_only_once(
    cargo: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = rust.build_crate(CRATE)
    assert rust.build_crate(CRATE) == folder
    assert folder.parent == cache
    assert sorted(file.name for file in folder.iterdir()) == ["small", "smaller"]
    (arguments, environment) = Path(f"{cargo}.calls").read_text().splitlines()
    assert arguments.startswith(
        "install small-rs --version =2.2.0 --locked --no-track --bin small --bin smaller --root "
    )
    # Git is asked nothing, and what is built is for this machine.
    assert environment == "/dev/null none none"
    assert "building small-rs with Rust: done in" in capsys.readouterr().err


@pytest.mark.usefixtures("cargo")
def test_what_has_been_taken_out_of_the_cache_is_built_again() -> None:
    folder = rust.build_crate(CRATE)
    (folder / "smaller").unlink()
    assert (rust.build_crate(CRATE) / "smaller").exists()


def test_another_version_is_another_folder(cargo: Path, cache: Path) -> None:
    assert cargo.exists()
    first = rust.build_crate(CRATE)
    second = rust.build_crate(rust.Crate("small-rs", "2.2.1", CRATE.programs, CRATE.oldest_cargo, CRATE.needs))
    assert first != second
    assert {folder.name for folder in cache.glob("small-rs-*")} == {first.name, second.name}


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("lines", [None, ['echo "cargo 1.63.0"'], ["echo rustup has no toolchain >&2", "exit 1"]])
def test_without_a_cargo_that_is_new_enough_it_says_what_to_install(path: Path, lines: list[str] | None) -> None:
    if lines:
        script(path / "cargo", *lines)
    with pytest.raises(Problem) as refused:
        rust.build_crate(CRATE)
    assert str(refused.value) == (
        "the crate small-rs is built with cargo 1.66 or newer, and PATH has none: install Rust (https://rustup.rs), "
        "or a release of the program itself on PATH"
    )


@pytest.mark.usefixtures("cache")
def test_what_the_build_calls_is_looked_for_before_minutes_are_spent(cargo: Path) -> None:
    (cargo.parent / "cc").unlink()
    with pytest.raises(Problem, match=r"calls cc, not on PATH \(on Debian: apt install build-essential perl\)"):
        rust.build_crate(CRATE)
    assert not Path(f"{cargo}.calls").exists()


@pytest.mark.usefixtures("cargo")
def test_a_build_that_fails_is_told_in_cargos_own_words_and_leaves_nothing(cache: Path, path: Path) -> None:
    script(path / "cargo", BUILDS[0], "echo 'error: no such crate as small-rs' >&2", "exit 101")
    with pytest.raises(Problem, match=r"`cargo install` in .* failed:\n  error: no such crate as small-rs"):
        rust.build_crate(CRATE)
    assert list(cache.glob("small-rs-*")) == []


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("lines", "taken"),
    [
        (["echo 'Version: \tv2.4.4'"], True),
        (["echo 'Version: \tv2.2.0-7-gabc'"], True),
        # What cargo builds by itself, wherever it is; the second line must not be read as a version.
        (["echo 'Version: \tunknown'", "echo 'Build Time: 10:09:01.5'"], True),
        (["echo 'Version: \tv2.1.5'", "echo 'Rustc: rustc 3.0'"], False),
        (["exit 127"], False),
    ],
)
def test_one_of_its_programs_on_path_is_taken_where_it_will_do(
    cargo: Path,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[str],
    taken: bool,  # noqa: FBT001 - a column of the table
) -> None:
    monkeypatch.setitem(provide.TOOLS, "small", provide.Program(CRATE, (2, 2)))
    script(path / "small", *lines)
    assert (provide.provide("small") == path / "small") is taken
    assert Path(f"{cargo}.calls").exists() is not taken
