"""How config is read, and how mistakes in it are told: all of them at once, each with the command that mends it."""

import difflib
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args

import pulumi
import yaml
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

LONGEST_VALUE_SHOWN = 60
# What `--path` takes without quotes, and what is easy to read without them.
BARE = re.compile(r"[\w-]+")


# Marks the fields that must not stand in clear in a stack's file.
SECRET = "secret"  # noqa: S105 - a word, and no secret itself


class ConfigurationError(pulumi.RunError):
    """Wrong configuration. Pulumi prints the message alone, without a traceback."""


class Superfluous(ValueError):
    """A validator's word that something should not be there, so that taking it away mends it, not another value."""

    def __init__(self, problem: str, *within: int) -> None:
        """What is wrong and, where that is an item of the value, which one."""
        super().__init__(problem)
        self.within = within


def check_once(values: list[str] | None) -> list[str] | None:
    """For a validator: whether each item of a list is there once."""
    for place, value in enumerate(values or []):
        if values and value in values[:place]:
            raise Superfluous(f"{value} is there twice", place)
    return values


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


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


Text = Annotated[StrictStr, AfterValidator(_printable)]
FilledText = Annotated[Text, AfterValidator(_filled)]
SecretText = Annotated[FilledText, SECRET]
Port = Annotated[int, BeforeValidator(_no_truth_value), Field(ge=1, le=65535, strict=False)]


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
        if self._is_secret(key):
            problem = "[secret] is not a choice"
        elif given in planned:
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
        for written, name in _fields(model).items():
            if content.get(written) and _holds_secret(model, name) and not self._is_sealed(key, written):
                path = _path(key, (written,))
                self._add(path, "stands in clear in the stack's file", "a secret", self._set_secret(path))

    def has(self, key: str) -> bool:
        """Whether the config says anything under the key; an empty map is what Pulumi.yaml says by itself."""
        return key in self._entries and self._entries[key].text not in ("", "{}")

    def refuse(self, path: str, problem: str, allowed: str, better: str) -> None:
        """Tell of a value that is right by itself and wrong beside others."""
        self._add(path, problem, allowed, self._set(path, better))

    def unknown(self, known: Iterable[str], planned: Iterable[str] = ()) -> None:
        """Whatever stands in the config beside the known keys is a mistake."""
        known, planned = list(known), list(planned)
        for key in self._entries.keys() - set(known):
            project, _, name = key.partition(":")
            path = f"{project}:{_step(name)}"
            if key in planned:
                problem = "a choice that is planned and not built yet, so nothing would read this"
            else:
                # What all keys begin with would make any two of them look alike.
                names = [each.removeprefix(f"{project}:") for each in known]
                problem = f"unknown key{_nearest(name, names, f'{project}:')}"
            self._add(path, problem, ", ".join(known), self._remove(path))

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
        if detail["type"] != "extra_forbidden":
            location = _as_written(model, location)
        path = _path(key, location)
        if not location:
            # A key with half a character in it.
            self._tell_block(key, model, content)
            return
        if detail["type"] == "extra_forbidden":
            known = list(_fields(model))
            self._add(path, f"unknown key{_nearest(str(location[-1]), known)}", ", ".join(known), self._remove(path))
            return
        allowed = model.model_fields[_fields(model)[str(location[0])]].description or ""
        mend = self._remove(path) if superfluous else self._set_example(key, model, location, content)
        self._add(path, self._problem(key, detail, content), allowed, mend)

    def _tell_block(self, key: str, model: type[Block], content: object) -> None:
        known = list(_fields(model))
        self._add(
            key,
            f"{self._shown(key, content)} is not a map",
            f"a map with the keys {', '.join(known)}",
            f"{self._remove(key)} && {self._set_example(key, model, (known[0],), {})}",
        )

    def _problem(self, key: str, detail: ErrorDetails, content: dict[str, object]) -> str:
        kind, given, reason = detail["type"], detail["input"], detail["msg"].removeprefix("Value error, ")
        if kind == "missing":
            return "missing"
        if kind == "value_error" and given is None:
            return reason
        if self._is_secret(key):
            # A reason may quote what was given.
            quotes = any(text in reason for text in _texts(content))
            return "[secret] is not what is allowed" if quotes else f"[secret]: {reason[:1].lower()}{reason[1:]}"
        if kind == "string_type" and isinstance(given, int | float):
            reason = "not text as it stands; in quotes it is"
        return f"{self._shown(key, given)}: {reason[:1].lower()}{reason[1:]}"

    def _is_sealed(self, key: str, written: str) -> bool:
        """Whether it stands in the stack's file as a secret; of the engine one only hears that something there does."""
        if not self._is_secret(key):
            return False
        try:
            stands = yaml.safe_load(Path(f"Pulumi.{self._stack}.yaml").read_text(encoding="utf-8"))["config"][key][
                written
            ]
        except (OSError, yaml.YAMLError, KeyError, TypeError):
            # It comes from somewhere else, such as an environment of Pulumi's.
            return True
        return isinstance(stands, dict)

    def _is_secret(self, key: str) -> bool:
        return key in self._entries and self._entries[key].secret

    def _shown(self, key: str, value: object) -> str:
        if self._is_secret(key):
            return "[secret]"
        try:
            text = _visible(json.dumps(value, ensure_ascii=False, default=str))
        except RecursionError:
            text = "a value of very many levels"
        return text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[: LONGEST_VALUE_SHOWN - 1]}…"

    def _add(self, path: str, problem: str, allowed: str, mend: str) -> None:
        self._mistakes.append(Mistake(path, problem, allowed, mend))

    def _set(self, path: str, value: str) -> str:
        return f"./pulumiw config set --stack {self._stack} --path {shlex.quote(path)} {shlex.quote(value)}"

    def _set_secret(self, path: str) -> str:
        """Asks for the value, which would stay in the shell's history otherwise."""
        return f"./pulumiw config set --stack {self._stack} --secret --path {shlex.quote(path)}"

    def _set_example(
        self, key: str, model: type[Block], location: tuple[int | str, ...], content: dict[str, object]
    ) -> str:
        name, *within = location
        examples = model.model_fields[_fields(model)[str(name)]].examples
        example: object = examples[0] if examples else "VALUE"
        path = _path(key, location)
        if _holds_secret(model, _fields(model)[str(name)]):
            return self._set_secret(path)
        if not isinstance(example, list):
            return self._set(path, str(example))
        items = [str(item) for item in cast("list[object]", example)]
        if not within:
            # `config set` writes an item of a list, but neither a whole list nor an item into what is none.
            return f"{self._remove(path)} && {self._set(f'{path}[0]', items[0])}"
        # An item that is there already, or is told to be put in for another wrong one, would be there twice.
        beside = cast("list[object]", content[str(name)])
        told = sum(mistake.path.startswith(f"{_path(key, (name,))}[") for mistake in self._mistakes)
        free = [item for item in items if item not in beside][told:]
        return self._set(path, free[0]) if free else self._remove(path)

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


def _holds_secret(model: type[Block], name: str) -> bool:
    field = model.model_fields[name]
    return SECRET in field.metadata or any(
        SECRET in getattr(each, "__metadata__", ()) for each in get_args(field.annotation)
    )


def _as_written(model: type[Block], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A default that is wrong beside others is told of by the field's name in Python."""
    names = {name: written for written, name in _fields(model).items()}
    return tuple(names.get(str(step), step) if place == 0 else step for place, step in enumerate(location))


def _texts(value: object) -> list[str]:
    """Whatever is given anywhere in a value, as text."""
    if isinstance(value, dict):
        return [text for each in cast("dict[str, object]", value).values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in cast("list[object]", value) for text in _texts(each)]
    return [str(value)]


def _path(key: str, location: tuple[int | str, ...]) -> str:
    path = key
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if BARE.fullmatch(step) else _step(step)
    return path


def _step(name: str) -> str:
    quoted = name.replace('"', r"\"")
    return name if BARE.fullmatch(name) else f'["{_visible(quoted)}"]'


def _visible(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _nearest(word: str, known: Sequence[str], before: str = "") -> str:
    written = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), written, n=1)
    return f", did you mean {before}{written[close[0]]}?" if close else ""
