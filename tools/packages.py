"""Python's side: uv, and with it the packages of the lock in .venv."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tools import integrity
from tools.places import ROOT, VENV, cache, digest, held, newly_made, on_path
from tools.problem import Problem, about
from tools.progress import step

OLDEST_UV = (0, 5)
UV_PIN = ROOT / "tools" / "uv.txt"


def ensure_uv() -> Path:
    """The uv on PATH, or one of our own."""
    return find_uv() or _install_uv()


def ensure_packages() -> Path:
    """Bring .venv in line with uv.lock; returns the folder that uv is in."""
    uv = ensure_uv()
    wanted = digest([ROOT / "uv.lock", ROOT / "pyproject.toml"])
    if not _are_installed(wanted):
        with held(cache() / "packages.lock"):
            if not _are_installed(wanted):
                _install_packages(uv, wanted)
    return uv.parent


def _are_installed(wanted: str) -> bool:
    stamp = VENV / "hero-lock"
    # The Python that the environment was made with may have left the machine since.
    # A crash may have left anything in the stamp, which is no text then.
    return (VENV / "bin" / "python").exists() and stamp.is_file() and stamp.read_bytes() == wanted.encode()


def _install_packages(uv: Path, wanted: str) -> None:
    # Compiling now saves each later start the time that it would take.
    sync = [str(uv), "sync", "--locked", "--quiet", "--compile-bytecode"]
    with step("Python packages"):
        run(sync, "the Python packages cannot be installed", UV_PROJECT_ENVIRONMENT=str(VENV))
        stamp = VENV / "hero-lock"
        with about(stamp):
            stamp.write_text(wanted, encoding="utf-8")


def run(command: list[str], failure: str, **environment: str) -> str:
    """Run quietly; if it fails, say so with its own last words."""
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode != 0:
        words = (ended.stderr.strip() or ended.stdout.strip() or "it gave no reason").splitlines()
        raise Problem(f"{failure}: {' '.join(command[:3])} says:\n  " + "\n  ".join(words[-12:]))
    return ended.stdout


def is_new_enough(command: list[str], oldest: tuple[int, ...], **environment: str) -> bool:
    """Whether the program says at least this version; one that does not even start, as some shims, is not."""
    try:
        said = run(command, "", **environment)
    except (Problem, OSError):
        return False
    version = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    return version is not None and tuple(int(number or 0) for number in version.groups()) >= oldest


def find_uv() -> Path | None:
    """The uv on PATH, if it is new enough."""
    found = on_path("uv")
    return found if found and is_new_enough([str(found), "--version"], OLDEST_UV) else None


def _install_uv() -> Path:
    folder = cache() / f"uv-{digest([UV_PIN], sys.version)}"
    program = folder / "bin" / "uv"
    if not (program.exists() and integrity.is_whole(folder)):
        with held(cache() / "uv.lock"):
            if not (program.exists() and integrity.is_whole(folder)):
                with step("uv, which installs the Python packages"):
                    _make_uv(folder)
    return program


def _make_uv(folder: Path) -> None:
    with newly_made(folder) as unfinished:
        run(
            [sys.executable, "-m", "venv", str(unfinished)],
            "a virtual environment cannot be made (on Debian: apt install python3-venv; or install uv yourself)",
        )
        pip = [str(unfinished / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--requirement", str(UV_PIN)], "uv cannot be installed from PyPI")
