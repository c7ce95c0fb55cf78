"""The Pulumi CLI, taken from the first place that has it: PATH, the official archive, its own source."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

from tools import official
from tools.go import build, is_built
from tools.packages import run
from tools.places import ROOT, cache, on_path
from tools.problem import Problem
from tools.progress import say

# The same as the SDK's in pyproject.toml; a test holds them together.
VERSION = "3.259.0"
MODULE = ROOT / "tools" / "pulumi"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_FLAG = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
# Python's language host is in no package registry, so the CLI that we build gets ours.
LANGUAGE_HOST = ROOT / "tools" / "host" / "pulumi-language-python"


def ensure_cli(go: Path) -> Path:
    """The folder that `pulumi` is in, with Python's language host beside it or on PATH."""
    return _from_path() or _official() or _build(go)


def _from_path() -> Path | None:
    found = on_path("pulumi")
    if found is None:
        return None
    program = _behind(found)
    why_not = _why_not(program)
    if why_not:
        say(f"{found} {why_not}, so it is passed over")
        return None
    return program.parent


def _behind(found: Path) -> Path:
    """The file that a link leads to; but the links of version managers lead to a program that asks for its name."""
    file = found.resolve()
    return file if file.name == found.name else found


def _why_not(program: Path) -> str:
    """Why it cannot be used; nothing where it can."""
    if not (program.parent / "pulumi-language-python").exists() and on_path("pulumi-language-python") is None:
        return "has no language host for Python beside it"
    memory = cache() / "pulumi-versions.json"
    try:
        version = _version(program, memory)
    except (Problem, OSError):
        return "does not start"
    return f"is older than {VERSION}" if version < _numbers(VERSION) else ""


def _version(program: Path, memory: Path) -> tuple[int, ...]:
    """Asked once and remembered for as long as the file is the same, since asking takes a fifth of a second."""
    facts = program.stat()
    key = f"{program} {facts.st_mtime_ns} {facts.st_size}"
    known = _remembered(memory)
    if key not in known:
        known[key] = run([str(program), "version"], f"{program} does not start", PULUMI_SKIP_UPDATE_CHECK="true")
        # Where nothing can be written, it is asked each time.
        with contextlib.suppress(OSError):
            memory.write_text(json.dumps(known), encoding="utf-8")
    return _numbers(known[key])


def _remembered(memory: Path) -> dict[str, str]:
    """Nothing where another run is just writing it."""
    try:
        found = dict(json.loads(memory.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _official() -> Path | None:
    found = official.installed(VERSION)
    # Without this, a machine that cannot reach the archive would ask for it at each run.
    if found is None and not is_built(MODULE, "pulumi", flags=VERSION_FLAG, beside=(LANGUAGE_HOST,)):
        return official.download(VERSION)
    return found


def _build(go: Path) -> Path:
    return build(go, MODULE, PACKAGE, "pulumi", flags=VERSION_FLAG, beside=(LANGUAGE_HOST,))
