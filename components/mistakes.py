"""How mistakes in config are told: each with the command that mends it."""

import difflib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from components.settings import Place, Steps, leaves, locate

LONGEST_VALUE_SHOWN = 60
# What `--path` takes without quotes, and what is easy to read without them.
BARE = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong: where, what, what is allowed there, and the command that mends it."""

    path: str
    problem: str
    allowed: str
    mend: str

    def told(self) -> str:
        """The lines that a person reads."""
        return f"  {self.path}: {self.problem}\n      allowed: {self.allowed}\n      mend:    {self.mend}"


class Mends:
    """How config is mended, wherever it stands."""

    in_clear: str
    """What is told of a secret that anybody can read where it stands."""

    def __init__(self, stack: str) -> None:
        self.stack = stack

    def set(self, path: str, value: str) -> str:
        """Give a value."""
        raise NotImplementedError

    def set_secret(self, path: str) -> str:
        """Give a value that stays secret."""
        raise NotImplementedError

    def remove(self, path: str) -> str:
        """Take away whatever stands there."""
        raise NotImplementedError

    def set_example(self, key: str, place: Place, beside: list[object], told: int) -> str:
        """Give what the field has for an example; a list has what is `beside`, and as many examples as were `told`."""
        raise NotImplementedError


class Mender(Mends):
    """The commands that mend a stack's config."""

    in_clear = "stands in clear in the stack's file"

    def set(self, path: str, value: str) -> str:
        """Give a value."""
        return f"./pulumiw config set --stack {self.stack} --path {shlex.quote(path)} {shlex.quote(value)}"

    def set_secret(self, path: str) -> str:
        """Ask for the value, which would stay in the shell's history otherwise."""
        return f"./pulumiw config set --stack {self.stack} --secret --path {shlex.quote(path)}"

    def remove(self, path: str) -> str:
        """Take away whatever stands there."""
        return f"./pulumiw config rm --stack {self.stack} --path {shlex.quote(path)}"

    def set_example(self, key: str, place: Place, beside: list[object], told: int) -> str:
        """Give what the field has for an example.

        Where that is a list, what stands `beside` is in it already, and as many of its items as `told` are put into it
        by other commands: an item must not be there twice.
        """
        path = path_of(key, place.steps)
        example: object = place.field.examples[0] if place.field.examples else "VALUE"
        if place.is_secret:
            return self.set_secret(path)
        if isinstance(example, dict) and not place.within:
            # What stands there may be no map, into which nothing can be set.
            return f"{self.remove(path)} && {self._set_leaves(key, place, cast('object', example))}"
        if isinstance(example, dict):
            return self.set(path, _as_text(next(iter(cast("dict[str, object]", example).values()))))
        if not isinstance(example, list):
            return self._set_leaves(key, place, cast("object", example))
        items = cast("list[object]", example)
        if not place.within:
            # `config set` writes an item of a list, but neither a whole list nor an item into what is none.
            first = locate(place.holder, (*place.to_field[-1:], 0))
            return f"{self.remove(path)} && {self._set_leaves(path_of(key, place.to_field[:-1]), first, items[0])}"
        # An item that is no map can become none: the next would take its place before anything is set in it.
        free = [item for item in items if item not in beside and not isinstance(item, dict)][told:]
        return self._set_leaves(key, place, free[0]) if free else self.remove(path)

    def _set_leaves(self, key: str, place: Place, example: object) -> str:
        commands: list[str] = []
        for steps, value in leaves(example):
            path = path_of(key, (*place.steps, *steps))
            inside = locate(place.inner, steps) if place.inner and steps else place
            commands.append(self.set_secret(path) if inside.is_secret else self.set(path, _as_text(value)))
        return " && ".join(commands)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def path_of(key: str, steps: Steps) -> str:
    """As `--path` takes it."""
    path = key
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if BARE.fullmatch(step) else step_of(step)
    return path


def step_of(name: str) -> str:
    """A key that may need quotes."""
    quoted = name.replace('"', r"\"")
    return name if BARE.fullmatch(name) else f'["{_visible(quoted)}"]'


def shown(value: object) -> str:
    """A value as one can read it in a line."""
    try:
        text = _visible(json.dumps(value, ensure_ascii=False, default=str))
    except RecursionError:
        text = "a value of very many levels"
    return text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[: LONGEST_VALUE_SHOWN - 1]}…"


def _visible(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def nearest(word: str, known: Sequence[str], before: str = "") -> str:
    """The known word that may have been meant, as a question."""
    written = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), written, n=1)
    return f", did you mean {before}{written[close[0]]}?" if close else ""
