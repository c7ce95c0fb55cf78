"""How a command line of Pulumi is read: as cobra and pflag read it."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tools import pulumi_arguments
from tools.pulumi_arguments import read_arguments

KNOWS_STACKS = ("config", "stack", "state")
Commands = Iterator[tuple[str, dict[str, str]]]


@pytest.mark.parametrize(
    ("arguments", "stack"),
    [
        ("up", None),
        ("up --stack prod", "prod"),
        ("up --stack=prod", "prod"),
        ("up -s prod", "prod"),
        ("up -sprod", "prod"),
        ("up -s=prod", "prod"),
        ("up -ys prod", "prod"),
        ("up -ysprod", "prod"),
        ("up -fys=prod", "prod"),
        ("up --stack one --stack two", "two"),
        ("up -s one --stack=two", "two"),
        ("--stack prod up", "prod"),
        ("-s prod up", "prod"),
        ("-sprod up", "prod"),
        ("-C . up -s prod", "prod"),
        ("--non-interactive up -s prod", "prod"),
        ("up --message --stack=other -s prod", "prod"),
        ("up -m -sother -s prod", "prod"),
        ("up -m=-sother", None),
        ("up --target -s --stack prod", "prod"),
        ("up --refresh -s prod", "prod"),
        ("up -r -s prod", "prod"),
        ("up -rs prod", "prod"),
        ("up --attach-debugger --stack prod", "prod"),
        ("up --color never --stack prod", "prod"),
        ("up --a-new-one --stack prod", "prod"),
        ("up -- --stack other", None),
        ("up -s prod -- --stack other", "prod"),
        ("up --stack", None),
        ("up -s", None),
        ("up --stack --yes", "--yes"),
        ("preview --json -s prod", "prod"),
        ("config set-all --json {} -s prod", "prod"),
        ("config set -s prod --secret --path a.b --stack-like", "prod"),
        ("config set --path a.b -s prod", "prod"),
        ("watch --path . -s prod", "prod"),
        ("stack output --shell -s prod", "prod"),
        ("stack select -c -s prod", "prod"),
        ("import -f -s -s prod", "prod"),
        ("state delete urn -ysprod", "prod"),
        ("stack -is prod", "prod"),
        ("config -js prod", "prod"),
    ],
)
def test_stack_option_spellings(arguments: str, stack: str | None) -> None:
    assert read_arguments(arguments.split()).options.get("stack") == stack


@pytest.mark.parametrize(
    ("arguments", "name", "positional"),
    [
        ("", "", ()),
        ("--version", "", ()),
        ("up", "up", ()),
        ("update", "up", ()),
        ("down", "destroy", ()),
        ("pre", "preview", ()),
        ("-y up", "", ("up",)),
        ("--yes up", "", ("up",)),
        ("-- up", "", ("up",)),
        ("--cwd up destroy", "destroy", ()),
        ("config set hero:registry up", "config set", ("hero:registry", "up")),
        ("stack rm -y prod", "stack remove", ("prod",)),
        ("stack --show-name", "stack", ()),
        ("stack -is prod", "stack", ()),
        ("stack --stack dev export", "stack export", ()),
        ("cancel prod", "cancel", ("prod",)),
        ("cancel -- -prod", "cancel", ("-prod",)),
        ("preview --message destroy", "preview", ()),
    ],
)
def test_command_name_and_positional_arguments(arguments: str, name: str, positional: tuple[str, ...]) -> None:
    command = read_arguments(arguments.split())
    assert (command.name, command.positional) == (name, positional)


@pytest.mark.parametrize(("arguments", "asks"), [("up --help", True), ("up -yh", True), ("up", False), ("help", True)])
def test_request_for_help(arguments: str, asks: bool) -> None:  # noqa: FBT001 - a column
    assert read_arguments(arguments.split()).asks_for_help is asks


def test_options_are_those_of_the_pinned_cli() -> None:
    told = subprocess.run(["pulumi", "generate-cli-spec"], check=True, capture_output=True, text=True).stdout
    wrong = [
        (name, option, kind)
        for name, options in commands_with_a_stack(json.loads(told))
        for option, kind in options.items()
        if (option in pulumi_arguments.WITH_VALUE_FOR or option in known())
        and takes_value(name, option) != (kind != "boolean")
        and option not in OPTIONAL_VALUES
    ]
    unknown = {
        option for _, options in commands_with_a_stack(json.loads(told)) for option in options if option not in known()
    }
    assert not wrong
    assert not unknown_subcommands(json.loads(told))
    assert not unknown - {"version"}


def unknown_subcommands(spec: dict[str, Any]) -> set[str]:
    return {
        f"{group} {name}"
        for group in KNOWS_STACKS
        for name in spec["commands"][group]["commands"]
        if name not in pulumi_arguments.SUBCOMMANDS[group]
    }


# A bare one has a default value, so that it never takes the next word (pflag's NoOptDefVal).
OPTIONAL_VALUES = {"refresh", "suppress-permalink", "attach-debugger", "debug-update", "debug-preview"}


def known() -> set[str]:
    return {*pulumi_arguments.WITH_VALUE, *pulumi_arguments.WITHOUT_VALUE, *pulumi_arguments.WITH_VALUE_FOR}


def takes_value(name: str, option: str) -> bool:
    command = read_arguments([*name.split(), f"--{option}", "word"])
    return command.options[option] == "word"


def commands_with_a_stack(spec: dict[str, Any]) -> Commands:
    """Yield each command that knows --stack with the types of its options, those of the commands above it included."""

    def walk(
        node: dict[str, Any], path: tuple[str, ...], above: dict[str, str]
    ) -> Iterator[tuple[str, dict[str, str]]]:
        flags: dict[str, dict[str, str]] = node.get("flags") or {}
        commands: dict[str, dict[str, Any]] = node.get("commands") or {}
        options = {**above, **{key: flag["type"] for key, flag in flags.items()}}
        if path and ("stack" in options or path[0] in KNOWS_STACKS):
            yield " ".join(path), options
        for name, each in commands.items():
            yield from walk(each, (*path, name), options)

    yield from walk(spec, (), {})
