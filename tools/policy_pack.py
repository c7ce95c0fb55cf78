"""`up` is held to the same policies as a preview: the wrapper adds the pack to the command."""

from __future__ import annotations

from tools.places import ROOT
from tools.pulumi_arguments import read_arguments

PACK = ROOT / "policies"


def environment_of(stack: str) -> dict[str, str]:
    """Return what tells the pack whose file it reads; see policies/stack_file.py."""
    return {"HERO_POLICY_STACK": stack} if stack else {}


def with_policies(arguments: list[str]) -> list[str]:
    """Return the arguments with the pack, for an `up` that names no pack itself."""
    command = read_arguments(arguments)
    if command.name != "up" or "policy-pack" in command.options or command.asks_for_help:
        return arguments
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:place], "--policy-pack", str(PACK), *arguments[place:]]
