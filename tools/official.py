"""The Pulumi CLI from its makers' archive, through the SDK's own installer."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from tools.packages import run
from tools.places import VENV, cache, held
from tools.problem import Problem
from tools.progress import Bar, say, step

URL = "https://get.pulumi.com"
SECONDS_TO_ANSWER = 4
SECONDS_TO_DOWNLOAD = 900

# In a process of its own, since a name that does not resolve may take longer than any time-out of urllib's.
ASK = f"""
import urllib.request
urllib.request.urlopen(urllib.request.Request("{URL}/install.sh", method="HEAD"), timeout={SECONDS_TO_ANSWER})
"""

INSTALL = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def installed(version: str) -> Path | None:
    """The folder that an earlier download put `pulumi` in."""
    program = _folder(version) / "bin" / "pulumi"
    return program.parent if program.exists() else None


def download(version: str) -> Path | None:
    """The folder with `pulumi` in it, or nothing where the archive cannot be had."""
    if not reachable():
        say(f"{URL} is not reachable, so the Pulumi CLI is built from its source")
        return None
    with held(cache() / "pulumi-official.lock"):
        return installed(version) or _download(version)


def reachable() -> bool:
    """Whether anybody answers there, or behind the proxy on the way; decided within seconds."""
    try:
        asked = subprocess.run(
            [sys.executable, "-c", ASK], capture_output=True, timeout=SECONDS_TO_ANSWER + 1, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def _folder(version: str) -> Path:
    return cache() / f"pulumi-official-{version}"


def _download(version: str) -> Path | None:
    folder = _folder(version)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [str(VENV / "bin" / "python"), "-c", INSTALL, str(unfinished), version]
    try:
        with step(f"Pulumi CLI {version} from {URL}") as bar, tempfile.TemporaryFile("w+") as said:
            _wait(subprocess.Popen(command, stdout=said, stderr=said), bar, said)
        _check(unfinished / "bin" / "pulumi", version)
    except Problem as problem:
        shutil.rmtree(unfinished, ignore_errors=True)
        say(f"{problem}; it is built from its source instead")
        return None
    unfinished.rename(folder)
    return folder / "bin"


def _check(program: Path, version: str) -> None:
    given = run([str(program), "version"], "the downloaded Pulumi CLI does not start").strip()
    if given != f"v{version}":
        raise Problem(f"the archive of {version} holds {given}")


def _wait(process: subprocess.Popen[bytes], bar: Bar, said: IO[str]) -> None:
    deadline = time.monotonic() + SECONDS_TO_DOWNLOAD
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise Problem(f"the download took longer than {SECONDS_TO_DOWNLOAD} s")
        bar.show()
        time.sleep(0.2)
    if process.returncode != 0:
        said.seek(0)
        words = said.read().strip().splitlines() or ["it gave no reason"]
        raise Problem(f"the download failed: {words[-1]}")
