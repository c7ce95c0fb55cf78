"""How config is read, and how mistakes in it are told: all of them at once, each with the command that mends it."""

import difflib
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import AfterValidator, BaseModel, ConfigDict, StrictStr, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

LONGEST_VALUE_SHOWN = 60


class ConfigurationError(pulumi.RunError):
    """Wrong configuration. Pulumi prints the message alone, without a traceback."""


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


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


Text = Annotated[StrictStr, AfterValidator(_printable)]


class Block(BaseModel):
    """A block of config. Unknown keys are mistakes; every field says in words what it allows, and gives an example."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_default=True, populate_by_name=False
    )


Model = TypeVar("Model", bound=Block)


@dataclass(frozen=True)
class Entry:
    """A value of the stack's config as Pulumi hands it over: JSON where it is a map or a list, else plain text."""

    text: str
    secret: bool = False


class Reader:
    """Reads the blocks of one stack's config and collects what is wrong with them."""

    def __init__(self, entries: Mapping[str, Entry], stack: str) -> None:
        self._entries = entries
        self._stack = stack
        self._mistakes: list[Mistake] = []

    def word(self, key: str, allowed: Sequence[str], default: str, planned: Sequence[str] = ()) -> str:
        """One of the allowed words; the default where it is another one, which is a mistake."""
        given = self._entries[key].text if key in self._entries else default
        if given in allowed:
            return given
        if given in planned:
            problem = f"{given} is planned and not built yet"
        else:
            problem = f"{self._shown(key, given)} is not a choice{_nearest(given, [*allowed, *planned])}"
        later = f" (planned: {', '.join(planned)})" if planned else ""
        self._add(key, problem, f"{' | '.join(allowed)}{later}", self._set(key, allowed[0]))
        return default

    def block(self, key: str, model: type[Model]) -> Model | None:
        """The block under the key, or nothing where something in it is wrong."""
        content: Any = {}
        if key in self._entries:
            try:
                content = json.loads(self._entries[key].text)
            except (ValueError, RecursionError):
                content = self._entries[key].text
        if not isinstance(content, dict):
            example = next(name for name in _fields(model))
            self._add(
                key,
                f"{self._shown(key, content)} is not a map",
                f"a map with the keys {', '.join(_fields(model))}",
                f"{self._remove(key)} && {self._set(f'{key}.{example}', _example(model, example))}",
            )
            return None
        try:
            return model.model_validate(content)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._tell(key, model, detail)
            return None

    def unknown(self, known: Iterable[str], planned: Iterable[str] = ()) -> None:
        """Whatever stands in the config beside the known keys is a mistake."""
        known, planned = list(known), list(planned)
        for key in self._entries.keys() - set(known):
            if key in planned:
                problem = "a choice that is planned and not built yet, so nothing would read this"
            else:
                problem = f"unknown key{_nearest(key, known)}"
            self._add(key, problem, ", ".join(known), self._remove(key))

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

    def _tell(self, key: str, model: type[Block], detail: ErrorDetails) -> None:
        path = _path(key, detail["loc"])
        if detail["type"] == "extra_forbidden":
            known = list(_fields(model))
            self._add(
                path, f"unknown key{_nearest(str(detail['loc'][-1]), known)}", ", ".join(known), self._remove(path)
            )
            return
        name = str(detail["loc"][0])
        allowed = model.model_fields[_fields(model)[name]].description or ""
        if detail["type"] == "missing":
            problem = "missing"
        else:
            reason = detail["msg"].removeprefix("Value error, ")
            problem = f"{self._shown(key, detail['input'])}: {reason[:1].lower()}{reason[1:]}"
        self._add(path, problem, allowed, self._set(path, _example(model, name)))

    def _shown(self, key: str, value: object) -> str:
        if key in self._entries and self._entries[key].secret:
            return "[secret]"
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[: LONGEST_VALUE_SHOWN - 1]}…"

    def _add(self, path: str, problem: str, allowed: str, mend: str) -> None:
        self._mistakes.append(Mistake(path, problem, allowed, mend))

    def _set(self, path: str, value: str) -> str:
        return f"./pulumiw config set --stack {self._stack} --path {shlex.quote(path)} {shlex.quote(value)}"

    def _remove(self, path: str) -> str:
        return f"./pulumiw config rm --stack {self._stack} --path {shlex.quote(path)}"


def read_entries() -> dict[str, Entry]:
    """Everything under the project's own namespace in the stack's config, by its full key."""
    # The SDK has no public way to list the keys, and without a list an unknown key cannot be told.
    prefix = f"{pulumi.get_project()}:"
    return {key: Entry(text, is_config_secret(key)) for key, text in CONFIG.get().items() if key.startswith(prefix)}


def _fields(model: type[Block]) -> dict[str, str]:
    """Each key as it is written in config, with the field's name in Python."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _example(model: type[Block], key: str) -> str:
    examples = model.model_fields[_fields(model)[key]].examples
    return str(examples[0]) if examples else "VALUE"


def _path(key: str, location: tuple[int | str, ...]) -> str:
    path = key
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier():
            path += f".{step}"
        else:
            path += f"[{json.dumps(step, ensure_ascii=False)}]"
    return path


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]}?" if close else ""
