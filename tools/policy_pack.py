"""`up` is held to the same policies as a preview: the wrapper adds the pack to the command."""

from __future__ import annotations

from tools.places import ROOT

PACK = ROOT / "policies"
CHECKED = ("up", "update")
LETTER = len("-v")
# Flags of the CLI's own that may stand before the command and have no value: `pulumi help`.
WITHOUT_VALUE = ("-e", "--emoji", "--disable-integrity-checking", "--logflow", "--logtostderr", "--non-interactive")


def environment_of(stack: str) -> dict[str, str]:
    """Return what tells the pack whose file it reads; see policies/stack_file.py."""
    return {"HERO_POLICY_STACK": stack}


def with_policies(arguments: list[str]) -> list[str]:
    """Return the arguments with the pack, for an `up` that names no pack itself."""
    names_one = any(each.partition("=")[0] == "--policy-pack" for each in arguments)
    asks_for_help = any(each in ("-h", "--help") for each in arguments)
    if command_of(arguments) not in CHECKED or names_one or asks_for_help:
        return arguments
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:place], "--policy-pack", str(PACK), *arguments[place:]]


def command_of(arguments: list[str]) -> str:
    """Return the CLI's command: the first argument that is neither a flag nor a flag's value."""
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            return argument
        # `-v9` has its value with it, and so has `--color=never`.
        if (
            (argument.startswith("--") or len(argument) == LETTER)
            and "=" not in argument
            and argument not in WITHOUT_VALUE
        ):
            next(rest, None)
    return ""
