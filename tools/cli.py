"""The Pulumi CLI, taken from the first place that has it: PATH, the official archive, its own source."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit
from urllib.request import getproxies

from tools.go import build
from tools.packages import run
from tools.places import ROOT, VENV, cache, held
from tools.problem import Problem
from tools.progress import Bar, say, step

# The same as the SDK's in pyproject.toml; a test holds them together.
VERSION = "3.259.0"
MODULE = ROOT / "tools" / "pulumi"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_FLAG = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
# Python's language host is in no package registry, so the CLI that we build gets ours.
LANGUAGE_HOST = ROOT / "tools" / "host" / "pulumi-language-python"
OFFICIAL = "https://get.pulumi.com"
SECONDS_TO_CONNECT = 3.0
SECONDS_TO_DOWNLOAD = 900

INSTALL = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def ensure_cli(go: Path) -> Path:
    """The folder that `pulumi` is in, with Python's language host beside it or on PATH."""
    return (
        _from_path() or _official() or build(go, MODULE, PACKAGE, "pulumi", flags=VERSION_FLAG, beside=(LANGUAGE_HOST,))
    )


def _from_path() -> Path | None:
    found = shutil.which("pulumi")
    if found is None:
        return None
    folder = Path(found).resolve().parent
    if not (folder / "pulumi-language-python").exists() and shutil.which("pulumi-language-python") is None:
        say(f"{found} has no language host for Python beside it, so it is passed over")
        return None
    if _version(Path(found).resolve()) < _numbers(VERSION):
        say(f"{found} is older than {VERSION}, so it is passed over")
        return None
    return folder


def _version(program: Path) -> tuple[int, ...]:
    """Asked once and remembered for as long as the file is the same, since asking takes a fifth of a second."""
    facts = program.stat()
    key = f"{program} {facts.st_mtime_ns} {facts.st_size}"
    memory = cache() / "pulumi-versions.json"
    try:
        known: dict[str, str] = json.loads(memory.read_text())
    except (OSError, ValueError):
        known = {}
    if key not in known:
        known[key] = run([str(program), "version"], f"{program} does not start", PULUMI_SKIP_UPDATE_CHECK="true")
        memory.write_text(json.dumps(known))
    return _numbers(known[key])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _official() -> Path | None:
    folder = cache() / f"pulumi-official-{VERSION}"
    program = folder / "bin" / "pulumi"
    if program.exists():
        return program.parent
    # Without this, a machine that cannot reach the archive would ask for it at each run.
    if any(cache().glob("pulumi-????????????????")):
        return None
    if not _reachable(OFFICIAL):
        say(f"{OFFICIAL} is not reachable, so the Pulumi CLI is built from its source")
        return None
    with held(cache() / "pulumi-official.lock"):
        return program.parent if program.exists() or _download(folder) else None


def _download(folder: Path) -> bool:
    command = [str(VENV / "bin" / "python"), "-c", INSTALL, str(folder), VERSION]
    try:
        with step(f"Pulumi CLI {VERSION} from {OFFICIAL}") as bar, tempfile.TemporaryFile("w+") as said:
            _wait(subprocess.Popen(command, stdout=said, stderr=said), bar, said)
    except Problem as problem:
        shutil.rmtree(folder, ignore_errors=True)
        say(f"{problem}; it is built from its source instead")
        return False
    return True


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
        raise Problem(f"the download failed ({said.read().strip().splitlines()[-1:]})")


def _reachable(url: str) -> bool:
    """Whether anybody answers there, or at the proxy on the way; decided within seconds."""
    address = urlsplit(getproxies().get("https") or url)
    try:
        socket.create_connection((address.hostname, address.port or 443), timeout=SECONDS_TO_CONNECT).close()
    except OSError:
        return False
    return True
