"""Python's side: uv, and with it the packages of the lock in .venv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.places import ROOT, VENV, cache, digest, held, newly_made
from tools.problem import Problem
from tools.progress import step

OLDEST_UV = (0, 5)
UV_PIN = ROOT / "tools" / "uv.txt"


def ensure_packages() -> Path:
    """Bring .venv in line with uv.lock; returns the folder that uv is in."""
    uv = find_uv() or _install_uv()
    stamp = VENV / "hero-lock"
    wanted = digest([ROOT / "uv.lock", ROOT / "pyproject.toml"])
    if not stamp.exists() or stamp.read_text() != wanted:
        with held(cache() / "packages.lock"), step("Python packages"):
            # Compiling now saves each later start the time that it would take.
            run(
                [str(uv), "sync", "--locked", "--quiet", "--compile-bytecode"],
                "the Python packages cannot be installed",
            )
            stamp.write_text(wanted)
    return uv.parent


def run(command: list[str], failure: str, **environment: str) -> str:
    """Run quietly; if it fails, say so with its own last words."""
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        words = (ended.stderr.strip() or ended.stdout.strip() or "it gave no reason").splitlines()
        raise Problem(f"{failure}: {' '.join(command[:3])} says:\n  " + "\n  ".join(words[-12:]))
    return ended.stdout


def find_uv() -> Path | None:
    """The uv on PATH, if it is new enough."""
    found = shutil.which("uv")
    if found is None:
        return None
    version = re.search(r"(\d+)\.(\d+)", run([found, "--version"], "uv does not start"))
    new_enough = version is not None and (int(version[1]), int(version[2])) >= OLDEST_UV
    return Path(found) if new_enough else None


def _install_uv() -> Path:
    folder = cache() / f"uv-{digest([UV_PIN], sys.version)}"
    with held(cache() / "uv.lock"):
        if not folder.exists():
            with step("uv, which installs the Python packages"):
                _make_uv(folder)
    return folder / "bin" / "uv"


def _make_uv(folder: Path) -> None:
    with newly_made(folder) as unfinished:
        run(
            [sys.executable, "-m", "venv", str(unfinished)],
            "a virtual environment cannot be made (on Debian: apt install python3-venv; or install uv yourself)",
        )
        pip = [str(unfinished / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--requirement", str(UV_PIN)], "uv cannot be installed from PyPI")
