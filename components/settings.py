"""What a block of config is made of: texts, numbers and secrets, each field with words for what it allows."""

from dataclasses import dataclass, replace
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin
from urllib.parse import urlsplit

import pulumi
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

# Marks the fields that must not stand in clear in a stack's file.
SECRET = "secret"  # noqa: S105 - a word, and no secret itself

TYPES = {str: "string", int: "integer", bool: "boolean"}

Steps = tuple[int | str, ...]


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


def check_password(password: str | None, username: str | None) -> str | None:
    """For a validator: whether there is a password where there is a username, and only there."""
    if (password is None) == (username is None):
        return password
    if password is None:
        raise ValueError("missing: a username has a password")
    raise Superfluous("without a username nobody needs it")


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


def _check_web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("not the address of a web server")
    return url


Text = Annotated[StrictStr, AfterValidator(_printable)]
FilledText = Annotated[Text, AfterValidator(_filled)]
SecretText = Annotated[FilledText, SECRET, Field(json_schema_extra={"secret": True})]
WebAddress = Annotated[FilledText, AfterValidator(_check_web_address)]
Port = Annotated[int, BeforeValidator(_no_truth_value), Field(ge=1, le=65535, strict=False)]


class Block(BaseModel):
    """A block of config. Unknown keys are mistakes; every field says in words what it allows, and gives an example."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_default=True, populate_by_name=False
    )


@dataclass(frozen=True)
class Place:
    """A place in a block, as pydantic tells it: the field that it is in, and the steps to that and within it."""

    holder: type[Block]
    """The block that has the field; the outermost one where no field is named."""
    key: str = ""
    """The field, as it is written in config; empty where no field is named."""
    to_field: Steps = ()
    within: Steps = ()
    inner: type[Block] | None = None
    """The block whose keys come next, where one does."""

    @property
    def steps(self) -> Steps:
        """The whole way, as it is written in config."""
        return (*self.to_field, *self.within)

    @property
    def field(self) -> FieldInfo:
        """The field with its words and its example."""
        return self.holder.model_fields[keys_of(self.holder)[self.key]]

    @property
    def is_secret(self) -> bool:
        """Whether what stands there must not stand there in clear."""
        return SECRET in self.field.metadata or any(
            SECRET in getattr(each, "__metadata__", ()) for each in get_args(self.field.annotation)
        )


def locate(model: type[Block], location: Steps) -> Place:
    """Follow the steps from the outermost block inwards.

    A default that is wrong beside others is told of by the field's name in Python; it becomes the one in config.
    """
    place = Place(model, inner=model)
    for step in location:
        key = _key(place.inner, step)
        if key and place.inner:
            inner = block_within(place.inner.model_fields[keys_of(place.inner)[key]].annotation)
            place = Place(place.inner, key, (*place.steps, key), (), inner)
        else:
            place = replace(place, within=(*place.within, step))
    return place


def keys_of(model: type[Block]) -> dict[str, str]:
    """Each key as it is written in config, with the field's name in Python."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _key(model: type[Block] | None, step: int | str) -> str:
    if model is None or isinstance(step, int):
        return ""
    keys = keys_of(model)
    return step if step in keys else {name: key for key, name in keys.items()}.get(step, "")


def block_within(annotation: object) -> type[Block] | None:
    """The block that a field of this type holds, by itself or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    return next((found for each in get_args(annotation) if (found := block_within(each))), None)


def type_name(field: FieldInfo) -> str:
    """Return what the value is in YAML: `string`, `list of string`, `map`, `one of …` or `secret`."""
    return _type_name(field.annotation, secret=SECRET in field.metadata)


def _type_name(annotation: object, *, secret: bool = False) -> str:
    if secret or SECRET in getattr(annotation, "__metadata__", ()):
        return "secret"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return f"list of {_type_name(arguments[0])}"
    if origin is dict or block_within(annotation):
        return "map"
    if origin in (Union, UnionType) or hasattr(annotation, "__metadata__"):
        return _type_name(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(f"`{each.value}`" for each in annotation)
    return TYPES[cast("type", annotation)]


def texts(value: object) -> list[str]:
    """Whatever is given anywhere in a value, as text."""
    return [str(leaf) for _, leaf in leaves(value)]


def leaves(value: object) -> list[tuple[Steps, Any]]:
    """Each value that is neither a map nor a list, with the steps that lead to it."""
    found: list[tuple[Steps, Any]] = []
    # Not by recursion: a config may have any number of levels.
    waiting: list[tuple[Steps, object]] = [((), value)]
    while waiting:
        steps, each = waiting.pop()
        if isinstance(each, dict):
            inside: list[tuple[int | str, object]] = list(cast("dict[str, object]", each).items())
        elif isinstance(each, list):
            inside = list(enumerate(cast("list[object]", each)))
        else:
            found.append((steps, each))
            continue
        waiting.extend(((*steps, step), one) for step, one in reversed(inside))
    return found
