"""The Pulumi CLI from its makers' archive, through the SDK's own installer."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from tools import integrity
from tools.packages import run
from tools.places import VENV, cache, held, newly_made
from tools.problem import Problem
from tools.progress import say, step

URL = "https://get.pulumi.com"
SECONDS_TO_ANSWER = 4.0
SECONDS_TO_DOWNLOAD = 900.0

# In a process of its own, which can be ended: nothing else bounds a name that does not resolve, or an answer that
# comes letter by letter.
ASK = """
import sys, urllib.request
question = urllib.request.Request(sys.argv[1], method="HEAD")
urllib.request.urlopen(question, timeout=float(sys.argv[2])).close()
"""

# The SDK shows what its install script has said to nobody; here the last line of it is the reason.
INSTALL = """
import socket, subprocess, sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
socket.setdefaulttimeout(30)
try:
    PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
except subprocess.CalledProcessError as error:
    sys.exit((error.output or b"").decode(errors="replace").strip() or f"install.sh ended with {error.returncode}")
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def installed(version: str) -> Path | None:
    """The folder that an earlier download put `pulumi` in."""
    program = _folder(version) / "bin" / "pulumi"
    return program.parent if program.exists() and integrity.is_whole(_folder(version)) else None


def download(version: str) -> Path | None:
    """The folder with `pulumi` in it, or nothing where the archive cannot be had."""
    if not reachable():
        say(f"{URL} is not reachable, so the Pulumi CLI is built from its source")
        return None
    with held(cache() / "pulumi-official.lock"):
        return installed(version) or _download(version)


def reachable() -> bool:
    """Whether the archive itself answers a request, through whatever proxy; decided within seconds."""
    question = [sys.executable, "-c", ASK, f"{URL}/install.sh", str(SECONDS_TO_ANSWER)]
    try:
        asked = subprocess.run(question, capture_output=True, timeout=SECONDS_TO_ANSWER + 1, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def _folder(version: str) -> Path:
    return cache() / f"pulumi-official-{version}"


def _download(version: str) -> Path | None:
    try:
        with newly_made(_folder(version)) as unfinished:
            with step(f"Pulumi CLI {version} from {URL}"):
                _install(unfinished, version)
            _check(unfinished / "bin" / "pulumi", version)
    except Problem as problem:
        say(f"{problem}; it is built from its source instead")
        return None
    return installed(version)


def _install(root: Path, version: str) -> None:
    # The script and the archive are put here too, so that nothing is left of them whatever happens.
    scratch = root / "scratch"
    scratch.mkdir()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        command = [str(VENV / "bin" / "python"), "-c", INSTALL, str(root), version]
        environment = {**os.environ, "TMPDIR": str(scratch)}
        # A session of its own, because the script's own processes have to end with it.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
        try:
            process.wait(SECONDS_TO_DOWNLOAD)
        except subprocess.TimeoutExpired:
            raise Problem(f"the download took longer than {SECONDS_TO_DOWNLOAD:.0f} s") from None
        finally:
            _end_with_all_it_started(process)
        if process.returncode != 0:
            raise Problem(f"the download failed: {_last_line(said)}")
    shutil.rmtree(scratch)


def _end_with_all_it_started(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(said: IO[str]) -> str:
    said.seek(0)
    return (said.read().strip().splitlines() or ["it gave no reason"])[-1]


def _check(program: Path, version: str) -> None:
    question = [str(program), "version"]
    given = run(question, "the downloaded Pulumi CLI does not start", PULUMI_SKIP_UPDATE_CHECK="true").strip()
    if given != f"v{version}":
        raise Problem(f"the archive of {version} holds {given}")
