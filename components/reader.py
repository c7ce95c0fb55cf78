"""How config is read: all that is wrong with it is told at once, before anything is changed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import pulumi
import yaml
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components.mistakes import Mends, Mistake, nearest, path_of, shown, step_of
from components.settings import (
    Block,
    ConfigurationError,
    Place,
    Steps,
    Superfluous,
    keys_of,
    leaves,
    locate,
    texts,
    type_name,
)

Model = TypeVar("Model", bound=Block)


@dataclass(frozen=True)
class Entry:
    """A value of the stack's config as Pulumi hands it over: JSON where it is a map or a list, else plain text."""

    text: str
    secret: bool = False
    in_clear: frozenset[Steps] | None = None
    """What in it stands in clear, where that is known; else the stack's file is looked at."""


class Reader:
    """Reads the blocks of one stack's config and collects what is wrong with them."""

    def __init__(self, entries: Mapping[str, Entry], mends: Mends) -> None:
        self._entries = entries
        self._mend = mends
        self._stack = mends.stack
        self._mistakes: list[Mistake] = []

    def word(self, key: str, allowed: Sequence[str], default: str, planned: Sequence[str] = ()) -> str:
        """One of the allowed words; the default where it is another one, which is a mistake."""
        given = self._entries[key].text if key in self._entries else default
        if given in allowed:
            return given
        if self._is_secret(key):
            problem = "[secret] is not a choice"
        elif given in planned:
            problem = f"{given} is planned and not built yet"
        else:
            problem = f"{self._shown(key, given)} is not a choice{nearest(given, [*allowed, *planned])}"
        later = f" (planned: {', '.join(planned)})" if planned else ""
        self._add(key, problem, f"{' | '.join(allowed)}{later}", self._mend.set(key, allowed[0]))
        return default

    def words(self, key: str, allowed: Sequence[str]) -> dict[str, str]:
        """A list of allowed words, each once, by the places that they have; those that are wrong are left out."""
        content: Any = []
        if key in self._entries and self._entries[key].text:
            content = self._content(key)
        if not isinstance(content, list):
            mend = f"{self._mend.remove(key)} && {self._mend.set(path_of(key, (0,)), allowed[0])}"
            self._add(key, f"{self._shown(key, content)} is not a list", f"a list of {' | '.join(allowed)}", mend)
            return {}
        found: dict[str, str] = {}
        for place, given in enumerate(cast("list[object]", content)):
            path = path_of(key, (place,))
            if given in found.values():
                self.refuse_item(path, f"{self._shown(key, given)} is there twice", "each once")
            elif isinstance(given, str) and given in allowed:
                found[path] = given
            else:
                # What is near a secret says what it is.
                near = "" if self._is_secret(key) else nearest(str(given), allowed)
                problem = f"{self._shown(key, given)} is not a choice{near}"
                self._add(path, problem, " | ".join(allowed), self._mend.set(path, allowed[0]))
        return found

    def block(self, key: str, model: type[Model]) -> Model | None:
        """The block under the key, or nothing where something in it is wrong."""
        content: Any = {}
        if key in self._entries:
            content = self._content(key)
        if not isinstance(content, dict):
            self._tell_block(key, model, content)
            return None
        given = cast("dict[str, object]", content)
        self._tell_what_is_in_clear(key, model, given)
        try:
            return model.model_validate(given)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._tell(key, model, given, detail)
            return None

    def _tell_what_is_in_clear(self, key: str, model: type[Block], content: dict[str, object]) -> None:
        for steps, value in leaves(content):
            place = locate(model, steps)
            if value and place.key and place.is_secret and not self._is_sealed(key, place.to_field):
                path = path_of(key, place.to_field)
                self._add(path, self._mend.in_clear, "a secret", self._mend.set_secret(path))

    def _content(self, key: str) -> object:
        try:
            return json.loads(self._entries[key].text)
        except (ValueError, RecursionError):
            return self._entries[key].text

    def has(self, key: str) -> bool:
        """Whether the config says anything under the key; an empty map is what Pulumi.yaml says by itself."""
        return key in self._entries and self._entries[key].text not in ("", "{}")

    def refuse(self, path: str, problem: str, allowed: str, better: str) -> None:
        """Tell of a value that is right by itself and wrong beside others."""
        self._add(path, problem, allowed, self._mend.set(path, better))

    def refuse_item(self, path: str, problem: str, allowed: str) -> None:
        """Tell of an item of a list that should not be there."""
        self._add(path, problem, allowed, self._mend.remove(path))

    def unknown(self, known: Iterable[str], planned: Iterable[str] = ()) -> None:
        """Whatever stands in the config beside the known keys is a mistake."""
        known, planned = list(known), list(planned)
        for key in self._entries.keys() - set(known):
            project, _, name = key.partition(":")
            path = f"{project}:{step_of(name)}"
            if key in planned:
                problem = "a choice that is planned and not built yet, so nothing would read this"
            else:
                # What all keys begin with would make any two of them look alike.
                names = [each.removeprefix(f"{project}:") for each in known]
                problem = f"unknown key{nearest(name, names, f'{project}:')}"
            self._add(path, problem, ", ".join(known), self._mend.remove(path))

    def raise_mistakes(self) -> None:
        """Raise all mistakes as one ConfigurationError, if there are any."""
        if not self._mistakes:
            return
        count = "a mistake" if len(self._mistakes) == 1 else f"{len(self._mistakes)} mistakes"
        told = "\n".join(mistake.told() for mistake in sorted(self._mistakes, key=lambda mistake: mistake.path))
        raise ConfigurationError(f"The configuration of stack {self._stack} has {count}; nothing was changed.\n{told}")

    def valid(self, block: Model | None) -> Model:
        """A block that was read without a mistake; raises them if it was not."""
        self.raise_mistakes()
        if block is None:
            raise ConfigurationError(f"The configuration of stack {self._stack} cannot be read.")
        return block

    def _tell(self, key: str, model: type[Block], content: dict[str, object], detail: ErrorDetails) -> None:
        error = detail.get("ctx", {}).get("error")
        superfluous = error if isinstance(error, Superfluous) else None
        location = (*detail["loc"], *superfluous.within) if superfluous else detail["loc"]
        if not location:
            # A key with half a character in it.
            self._tell_block(key, model, content)
            return
        if detail["type"] == "extra_forbidden":
            self._tell_unknown(key, locate(model, location[:-1]), str(location[-1]))
            return
        place = locate(model, location)
        path = path_of(key, place.steps)
        mend = self._mend.remove(path) if superfluous else self._example(key, place, content)
        kind = type_name(place.field).replace("boolean", "true or false")
        allowed = f"{kind}. {place.field.description}"
        self._add(path, self._problem(key, detail, content), allowed, mend)

    def _tell_unknown(self, key: str, around: Place, name: str) -> None:
        known = list(keys_of(around.inner or around.holder))
        path = path_of(key, (*around.steps, name))
        self._add(path, f"unknown key{nearest(name, known)}", ", ".join(known), self._mend.remove(path))

    def _tell_block(self, key: str, model: type[Block], content: object) -> None:
        known = list(keys_of(model))
        first = self._mend.set_example(key, locate(model, (known[0],)), [], 0)
        self._add(
            key,
            f"{self._shown(key, content)} is not a map",
            f"a map with the keys {', '.join(known)}",
            f"{self._mend.remove(key)} && {first}",
        )

    def _example(self, key: str, place: Place, content: dict[str, object]) -> str:
        beside: Any = content
        for step in place.to_field if place.within else ():
            beside = beside[step]
        told = sum(mistake.path.startswith(f"{path_of(key, place.to_field)}[") for mistake in self._mistakes)
        return self._mend.set_example(key, place, beside if isinstance(beside, list) else [], told)  # pyright: ignore[reportUnknownArgumentType]

    def _problem(self, key: str, detail: ErrorDetails, content: dict[str, object]) -> str:
        kind, given, reason = detail["type"], detail["input"], detail["msg"].removeprefix("Value error, ")
        if kind == "missing":
            return "missing"
        if kind == "value_error" and given is None:
            return reason
        if self._is_secret(key):
            # A reason may quote what was given.
            quotes = any(text in reason for text in texts(content))
            return "[secret] is not what is allowed" if quotes else f"[secret]: {reason[:1].lower()}{reason[1:]}"
        if kind == "string_type" and isinstance(given, int | float):
            reason = "not text as it stands; in quotes it is"
        return f"{self._shown(key, given)}: {reason[:1].lower()}{reason[1:]}"

    def _is_sealed(self, key: str, steps: Steps) -> bool:
        """Whether it stands in the stack's file as a secret; of the engine one only hears that something there does."""
        if not self._is_secret(key):
            return False
        if (in_clear := self._entries[key].in_clear) is not None:
            return steps not in in_clear
        try:
            stands = yaml.safe_load(Path(f"Pulumi.{self._stack}.yaml").read_text(encoding="utf-8"))["config"][key]
            for step in steps:
                stands = stands[step]
        except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError):
            # It comes from somewhere else, such as an environment of Pulumi's.
            return True
        return isinstance(stands, dict)

    def _is_secret(self, key: str) -> bool:
        return key in self._entries and self._entries[key].secret

    def _shown(self, key: str, value: object) -> str:
        return "[secret]" if self._is_secret(key) else shown(value)

    def _add(self, path: str, problem: str, allowed: str, mend: str) -> None:
        self._mistakes.append(Mistake(path, problem, allowed, mend))


def read_entries() -> dict[str, Entry]:
    """Everything under the project's own namespace in the stack's config, by its full key."""
    # The SDK has no public way to list the keys, and without a list an unknown key cannot be told.
    prefix = f"{pulumi.get_project()}:"
    return {key: Entry(text, is_config_secret(key)) for key, text in CONFIG.get().items() if key.startswith(prefix)}
