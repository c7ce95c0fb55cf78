"""Programs of a Rust crate, built once with the cargo on PATH and kept under the name of their version."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools import integrity
from tools.packages import is_new_enough
from tools.places import cache, digest, held, newly_made, on_path
from tools.problem import Problem
from tools.progress import step
from tools.watched import watched

# They would make a program that this machine cannot run, or put it elsewhere.
NOT_FOR_BUILDS = ("CARGO_BUILD_TARGET", "CARGO_BUILD_TARGET_DIR", "CARGO_INSTALL_ROOT", "CARGO_TARGET_DIR")


class Uninstalled(Problem):
    """What a build needs is not on this machine, and only its user can have it there."""


@dataclass(frozen=True)
class Crate:
    """A crate, the programs of it that are of use here, and what building it takes."""

    name: str
    version: str
    programs: tuple[str, ...]
    # The compiler that the crate itself names in its file rust-toolchain.
    oldest_cargo: tuple[int, int]
    # What the crates that it is made of call, beside Rust.
    needs: tuple[str, ...]


def build_crate(crate: Crate) -> Path:
    """Build a crate's programs, unless that was done before; returns the folder with them.

    All at once, since what takes minutes are the crates that they share. What the crate's own lock does not name is
    not built.
    """
    folder = cache() / f"{crate.name}-{digest([], crate.version, *crate.programs)}"
    if not _is_whole(folder, crate):
        with held(cache() / f"{crate.name}.lock"):
            if not _is_whole(folder, crate):
                _make(folder, crate, _cargo(crate))
    return folder


def _is_whole(folder: Path, crate: Crate) -> bool:
    """Some machines take files out of ~/.cache that nobody has read for long, and leave the folders."""
    return all((folder / program).exists() for program in crate.programs) and integrity.is_whole(folder)


def _cargo(crate: Crate) -> Path:
    """The cargo on PATH, where everything else that the build calls is there too."""
    found = on_path("cargo")
    if found is None or not is_new_enough([str(found), "--version"], crate.oldest_cargo):
        oldest = ".".join(map(str, crate.oldest_cargo))
        raise Uninstalled(
            f"the crate {crate.name} is built with cargo {oldest} or newer, and PATH has none: install Rust "
            "(https://rustup.rs), or a release of the program itself on PATH"
        )
    missing = [name for name in crate.needs if on_path(name) is None]
    if missing:
        raise Uninstalled(
            f"building the crate {crate.name} calls {', '.join(missing)}, not on PATH "
            "(on Debian: apt install build-essential perl)"
        )
    return found


def _make(folder: Path, crate: Crate, cargo: Path) -> None:
    with newly_made(folder) as unfinished, step(f"building {crate.name} with Rust") as bar:
        command = [str(cargo), "install", crate.name, "--version", f"={crate.version}", "--locked", "--no-track"]
        programs = [word for program in crate.programs for word in ("--bin", program)]
        compiled = unfinished / "compiled"
        places = ["--root", str(unfinished), "--target-dir", str(compiled)]
        watched([*command, *programs, *places], unfinished, _environment(), bar)
        for program in crate.programs:
            (unfinished / "bin" / program).rename(unfinished / program)
        (unfinished / "bin").rmdir()
        # A gigabyte that nobody needs again.
        shutil.rmtree(compiled)


def _environment() -> dict[str, str]:
    """The user's own registries and caches, but no option that would make this another program."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_BUILDS}
    # Some crates ask git which version they are, and where the user's folder is a repository it would answer for that.
    return {**kept, "GIT_DIR": os.devnull, "CARGO_TERM_COLOR": "never"}
