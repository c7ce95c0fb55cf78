"""What `./pulumiw` does: make sure that everything is there, then be Pulumi."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from tools import authorities, backend, recovery
from tools.cli import ensure_cli
from tools.go import build, ensure_go
from tools.modes import make_unwritable, restrict_umask
from tools.packages import ensure_packages, run
from tools.places import ROOT, VENV
from tools.policy_pack import environment_of, with_policies
from tools.problem import Problem
from tools.progress import say
from tools.signals import end_tidily_when_told_to, run_in_front

PLUGIN = "pulumi-resource-hero-home"
CHANGING = ("up", "update", "destroy", "refresh", "import", "cancel", "state")


def main(arguments: list[str]) -> int:
    """Run `pulumi ARGUMENTS`; returns its exit code."""
    return plainly(lambda: _run(arguments))


def plainly(work: Callable[[], int]) -> int:
    """Do it in the checkout; what goes wrong is told without a traceback. Returns the exit code."""
    end_tidily_when_told_to()
    restrict_umask()
    try:
        os.chdir(ROOT)
        return work()
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
    arguments = with_policies(arguments)
    stack = stack_of(arguments)
    environment.update({**authorities.environment(stack), **environment_of(stack)})
    if arguments[:1] in (["login"], ["logout"]):
        return _be_pulumi(pulumi, arguments, environment)
    if not backend.is_our_own():
        if arguments[:1] in (["up"], ["preview"]):
            backend.ensure_stack(pulumi, stack, environment, own=False)
        return _be_pulumi(pulumi, arguments, environment)
    # Pulumi would take the user's passphrase for other projects rather than the file.
    os.environ.pop("PULUMI_CONFIG_PASSPHRASE", None)
    environment.pop("PULUMI_CONFIG_PASSPHRASE", None)
    environment.update(backend.own_environment())
    return _be_pulumi_with_our_own_state(pulumi, arguments, stack, environment)


def _be_pulumi_with_our_own_state(pulumi: Path, arguments: list[str], stack: str, environment: dict[str, str]) -> int:
    changing = any(verb in arguments for verb in CHANGING)
    with backend.alone(stack) if changing else nullcontext(), backend.tidy_stack_files():
        backend.mend_descriptions(backend.STATE)
        if changing:
            backend.release_dead_locks(stack)
        # A stack that is made only now had its registry, if there is one, from another backend.
        known = backend.is_known(stack)
        authorities.write(stack, backend.latest(stack))
        backend.ensure_stack(pulumi, stack, environment, own=True)
        for command in recovery.commands(backend.latest(stack)) if arguments[:1] in (["up"], ["update"]) else []:
            say(f"first `pulumi {command[0]}` of what a run that was killed has left undecided")
            code = _be_pulumi(pulumi, [*command, "--stack", stack], environment)
            if code:
                return code
        code = _be_pulumi(pulumi, arguments, environment)
        if code == 0 and "destroy" in arguments and known and backend.is_destroyed(stack):
            _tell_what_may_be_left(stack)
            authorities.forget(stack)
            run([str(ROOT / "bin" / PLUGIN), "sweep", f"{backend.PROJECT}/{stack}"], "a killed run left something")
        return code


def _tell_what_may_be_left(stack: str) -> None:
    """What a killed run was creating is in no state, so Pulumi cannot take it away."""
    for name in recovery.may_be_left(backend.latest(stack)):
        say(f"{name} was being created when a run was killed, and may be there; `make up` and `make down` end it")


def prepare() -> tuple[Path, dict[str, str]]:
    """Everything that a run needs: the CLI, and an environment in which it finds the rest."""
    uv = ensure_packages()
    go = ensure_go(uv)
    cli = ensure_cli(go)
    _link(build(go, ROOT / "providers", ".", PLUGIN) / PLUGIN)
    folders = [VENV / "bin", cli, uv, go]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    return cli / "pulumi", {
        **os.environ,
        "PATH": path,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _link(plugin: Path) -> None:
    """Pulumi.yaml names the folder bin/, so that the plugin is found in a checkout wherever the cache is."""
    link = ROOT / "bin" / PLUGIN
    make_unwritable(plugin, plugin.parent)
    link.parent.mkdir(mode=0o755, exist_ok=True)
    make_unwritable(link.parent)
    if link.is_symlink() and link.readlink() == plugin:
        return
    unfinished = link.with_name(f"{PLUGIN}.{os.getpid()}")
    unfinished.symlink_to(plugin)
    unfinished.replace(link)


def stack_of(arguments: list[str]) -> str:
    """The stack that a command is about, without its organization and project; dev where it names none."""
    named = os.environ.get("PULUMI_STACK") or "dev"
    for position, argument in enumerate(arguments):
        if argument in ("--stack", "-s") and position + 1 < len(arguments):
            named = arguments[position + 1]
        elif argument.startswith("--stack="):
            named = argument.partition("=")[2]
    return named.rpartition("/")[2]


def _be_pulumi(pulumi: Path, arguments: list[str], environment: dict[str, str]) -> int:
    code = run_in_front([str(pulumi), *arguments], environment)
    if code < 0:
        say(f"pulumi was ended by signal {-code}; run the same command again, and it goes on from there")
        return 128 - code
    return code
