"""What `./pulumiw` does: make sure that everything is there, then be Pulumi."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from tools import authorities, backend, passphrase, recovery, stack_files, state_files, state_restore
from tools.cli import ensure_cli
from tools.go import build, ensure_go
from tools.modes import make_unwritable, restrict_umask
from tools.packages import ensure_packages, run
from tools.places import ROOT, VENV
from tools.policy_pack import environment_of, with_policies
from tools.problem import Problem
from tools.progress import say
from tools.proxies import exempt_loopback
from tools.pulumi_arguments import PulumiCommand, read_arguments
from tools.signals import end_tidily_when_told_to, run_in_front
from tools.stack_selection import Selection, find_project, select, selected_in_workspace, workspace_file

PLUGIN = "pulumi-resource-hero-home"
FIRST_STACK = "dev"
CHANGING = (
    *("up", "destroy", "refresh", "import", "watch", "state"),
    *(f"stack {verb}" for verb in ("change-secrets-provider", "import", "migrate", "remove", "rename")),
)
# `pulumi cancel` ends what holds the lock; the others have no stack, or are about whether there is one.
MAKES_NO_STACK = (
    *("cancel", "stack new", "stack select", "stack unselect", "stack remove", "stack list", "stack ls"),
    *("new", "version", "about", "plugin", "install", "package", "schema", "whoami", "org", "policy", "convert", ""),
)


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
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        # Of a file or of an answer that is no text or no JSON; where it is known which, that is said before.
        say(f"cannot read what is no text or no JSON: {error}")
        return 1
    except OSError as error:
        say(f"{error.filename or 'the system'}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def _run(arguments: list[str]) -> int:
    pulumi, environment = prepare()
    command = read_arguments(arguments)
    arguments = with_policies(arguments)
    if not backend.is_our_own() or command.name in ("login", "logout"):
        stack = select(command, environment).stack
        if command.name not in MAKES_NO_STACK and not command.asks_for_help:
            _check_user_files(stack, environment)
        return _be_pulumi(pulumi, arguments, {**environment, **authorities.environment(stack), **environment_of(stack)})
    # Pulumi would take the user's passphrase for other projects rather than the file.
    os.environ.pop("PULUMI_CONFIG_PASSPHRASE", None)
    environment.pop("PULUMI_CONFIG_PASSPHRASE", None)
    passphrase.repair(backend.STATE, is_needed=backend.has_stacks())
    environment.update(backend.own_environment())
    passphrase.keep_copy(backend.STATE)
    state_files.remove_broken_meta(backend.STATE / "meta.yaml")
    state_files.remove_left_over(
        [*ROOT.glob(".tidy-*"), *backend.STATE.glob("tmp????????"), *ROOT.glob("bin/*.[0-9]*")]
    )
    _repair_selection(environment)
    selection = _selection_in_own_state(command, environment)
    environment.update({**authorities.environment(selection.stack), **environment_of(selection.stack)})
    if command.asks_for_help or selection.project != backend.PROJECT or not selection.stack:
        # Pulumi says itself what is missing, and another project's stacks are not ours to repair.
        with backend.tidy_stack_files():
            return _be_pulumi(pulumi, arguments, environment)
    return _be_pulumi_with_our_own_state(pulumi, arguments, command, selection, environment)


def _check_user_files(stack: str, environment: dict[str, str]) -> None:
    """Refuse files that Pulumi cannot read. With a backend of the user's own, nothing is repaired."""
    if stack:
        stack_files.check(ROOT / f"Pulumi.{stack}.yaml")
    project = find_project(ROOT, environment)
    if project:
        state_files.check_selection(workspace_file(project, environment))


def _selection_in_own_state(command: PulumiCommand, environment: dict[str, str]) -> Selection:
    """Return what Pulumi would select; before the first stack of the checkout that is the stack that is made for it."""
    selection = select(command, environment)
    if selection.stack or environment.get("PULUMI_STACK") or backend.has_stacks() or command.name in MAKES_NO_STACK:
        return selection
    return replace(selection, stack=FIRST_STACK)


def _be_pulumi_with_our_own_state(
    pulumi: Path, arguments: list[str], command: PulumiCommand, selection: Selection, environment: dict[str, str]
) -> int:
    stack, changing = selection.stack, command.name.startswith(CHANGING)
    if changing:
        environment = {**environment, state_files.STARTED_BY: f"{os.getpid()} {state_files.started_for(stack)}"}
    with backend.alone(stack) if changing else nullcontext(), _whole_stack_file(stack), backend.tidy_stack_files():
        backend.mend_descriptions(backend.STATE)
        lacks_a_step = _repair_state(stack, changing=changing) if command.name != "cancel" else False
        # A stack that is made only now had its registry, if there is one, from another backend.
        known = backend.is_known(stack)
        authorities.write(stack, backend.latest(stack))
        if command.name not in MAKES_NO_STACK:
            backend.ensure_stack(pulumi, stack, environment, select=_selects_nothing(environment))
        code = _recover(pulumi, stack, environment, lacks_a_step=lacks_a_step) if command.name == "up" else 0
        if code:
            return code
        code = _be_pulumi(pulumi, arguments, environment)
        if code == 0 and command.name == "destroy" and known and backend.is_destroyed(stack):
            _tell_what_may_be_left(stack)
            authorities.forget(stack)
            run([str(ROOT / "bin" / PLUGIN), "sweep", f"{backend.PROJECT}/{stack}"], "a killed run left something")
        return code


def _recover(pulumi: Path, stack: str, environment: dict[str, str], *, lacks_a_step: bool) -> int:
    """Run what an update that was killed makes necessary; returns the exit code."""
    for words in recovery.commands(backend.latest(stack), lacks_a_step=lacks_a_step):
        say(f"first `pulumi {words[0]}` of what a run that was killed has left undecided")
        code = _be_pulumi(pulumi, [*words, "--stack", stack], environment)
        if code:
            return code
    return 0


@contextmanager
def _whole_stack_file(stack: str) -> Generator[None]:
    """Repair the stack's file before the command, and keep a copy of it after the command."""
    file = ROOT / f"Pulumi.{stack}.yaml"
    stack_files.repair(file, backend.STATE)
    stack_files.keep_copy(file, backend.STATE)
    yield
    stack_files.keep_copy(file, backend.STATE)


def _repair_selection(environment: dict[str, str]) -> None:
    project = find_project(ROOT, environment)
    if project:
        state_files.remove_broken_selection(workspace_file(project, environment))


def _repair_state(stack: str, *, changing: bool) -> bool:
    """Repair what Pulumi cannot read. Returns whether the state lacks the last step of an update."""
    files = state_restore.stack_files(backend.STATE, backend.PROJECT, stack)
    if not changing:
        if not state_restore.is_broken(files):
            return False
        with backend.alone(stack):
            return state_restore.restore(files, stack, was_interrupted=backend.has_locks(stack))
    state_files.wait_for_runs(backend.lock_folder(stack), stack)
    was_interrupted = backend.has_locks(stack)
    backend.release_dead_locks(stack)
    state_files.remove_broken_locks(backend.lock_folder(stack), ROOT)
    state_files.remove_unfinished(files.unfinished())
    state_files.set_history_aside(files.history)
    return state_restore.restore(files, stack, was_interrupted=was_interrupted)


def _selects_nothing(environment: dict[str, str]) -> bool:
    """Whether no stack is selected yet, so that a new one may become the selected one."""
    project = find_project(ROOT, environment)
    return not (project and selected_in_workspace(project, environment))


def _tell_what_may_be_left(stack: str) -> None:
    """What a killed run was creating is in no state, so Pulumi cannot take it away."""
    for name in recovery.may_be_left(backend.latest(stack)):
        say(
            f"{name} was being created when a run was killed, and may exist; "
            f"hint: make up STACK={stack} && make down STACK={stack}"
        )


def prepare() -> tuple[Path, dict[str, str]]:
    """Everything that a run needs: the CLI, and an environment in which it finds the rest."""
    # What is started on the way needs it too.
    os.environ.update(exempt_loopback(os.environ))
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


def _be_pulumi(pulumi: Path, arguments: list[str], environment: dict[str, str]) -> int:
    code = run_in_front([str(pulumi), *arguments], environment)
    if code < 0:
        say(f"pulumi was ended by signal {-code}; run the same command again, and it goes on from there")
        return 128 - code
    return code
