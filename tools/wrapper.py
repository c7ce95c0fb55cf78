"""What `./pulumiw` does: make sure that everything is there, then be Pulumi."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import nullcontext
from pathlib import Path

from tools import backend
from tools.cli import ensure_cli
from tools.go import build, ensure_go
from tools.packages import ensure_packages, run
from tools.places import ROOT, VENV
from tools.problem import Problem
from tools.progress import say

PLUGIN = "pulumi-resource-hero"
CHANGING = ("up", "update", "destroy", "refresh", "import", "cancel", "state")


def main(arguments: list[str]) -> int:
    """Run `pulumi ARGUMENTS`; returns its exit code."""
    os.chdir(ROOT)
    try:
        return _run(arguments)
    except Problem as problem:
        say(str(problem))
        return 1
    except OSError as error:
        say(f"{error.filename or 'the system'}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def _run(arguments: list[str]) -> int:
    pulumi, environment = prepare()
    stack = stack_of(arguments)
    own = backend.is_our_own()
    if not own:
        backend.ensure_stack(pulumi, stack, environment, own=False)
        return _be_pulumi(pulumi, arguments, environment)
    environment.update(backend.own_environment())
    changing = bool(arguments) and arguments[0] in CHANGING
    with backend.alone(stack) if changing else nullcontext():
        if changing:
            backend.release_dead_locks(stack)
        backend.tidy_stack_files()
        try:
            backend.ensure_stack(pulumi, stack, environment, own=True)
            code = _be_pulumi(pulumi, arguments, environment)
            if code == 0 and changing and arguments[0] == "destroy" and backend.is_destroyed(stack):
                run([str(ROOT / "bin" / PLUGIN), "sweep", f"{backend.PROJECT}/{stack}"], "a killed run left something")
            return code
        finally:
            backend.tidy_stack_files()


def prepare() -> tuple[Path, dict[str, str]]:
    """Everything that a run needs: the CLI, and an environment in which it finds the rest."""
    uv = ensure_packages()
    go = ensure_go(uv)
    cli = ensure_cli(go)
    _link(build(go, ROOT / "providers", ".", PLUGIN) / PLUGIN)
    folders = [VENV / "bin", cli, uv, go]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    return cli / "pulumi", {**os.environ, "PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _link(plugin: Path) -> None:
    """Pulumi.yaml names the folder bin/, so that the plugin is found in a checkout wherever the cache is."""
    link = ROOT / "bin" / PLUGIN
    if link.is_symlink() and link.readlink() == plugin:
        return
    link.parent.mkdir(exist_ok=True)
    unfinished = link.with_name(f"{PLUGIN}.{os.getpid()}")
    unfinished.symlink_to(plugin)
    unfinished.replace(link)


def stack_of(arguments: list[str]) -> str:
    """The stack that a command is about; dev where it names none."""
    for position, argument in enumerate(arguments):
        if argument in ("--stack", "-s") and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith("--stack="):
            return argument.partition("=")[2]
    return os.environ.get("PULUMI_STACK", "dev")


def _be_pulumi(pulumi: Path, arguments: list[str], environment: dict[str, str]) -> int:
    """Run Pulumi at this terminal. Ctrl-C reaches it by itself, and it is the one that ends gracefully."""
    process = subprocess.Popen([str(pulumi), *arguments], env=environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    code = process.wait()
    if code < 0:
        say(f"pulumi was ended by signal {-code}; run the same command again, and it goes on from there")
        return 128 - code
    return code
