"""Which texts of a state and of a stack's config are secret."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from tools.preview.spellings import SHORTEST_PART

if TYPE_CHECKING:
    from collections.abc import Iterator

# How the engine writes a secret: https://www.pulumi.com/docs/iac/concepts/secrets/ and `sdk/go/common/resource/sig`.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SIGNATURE_OF_A_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark
NAMED = re.compile(
    r"pass(word|wd|phrase)|(secret|token|credentials?|htpasswd)$|(secret|private|api|access|csrf|encryption)_?key",
    re.IGNORECASE,
)
# They name where a secret is.
PLACES = re.compile(r"(^existing|(name|ref|path|file)$)", re.IGNORECASE)
# Everything in them is secret, whatever its name.
KUBERNETES_SECRETS = re.compile(r"^kubernetes:core/v1:Secret(Patch)?$")
THEIR_DATA = ("data", "stringData")
# Under such a name a provider repeats a resource's inputs; pulumi-kubernetes marks all of `__inputs` as one secret.
REPEATED_INPUTS = re.compile(r"^__")
PLAIN_WORD = re.compile(r"[a-z]+(-[a-z]+)*")
# What is no secret by itself, though a program may mark it: these occur everywhere.
COMMON = ("true", "false", "null", "none")


@dataclass(frozen=True)
class Leaf:
    """A text inside a value that is secret as a whole."""

    name: str
    """The nearest name above it."""
    text: str
    whole: bool = False
    """Whether the text itself is the secret, and not an object around it."""
    repeated: bool = False
    """Whether a provider only repeats the inputs here."""


def is_secret(value: object) -> bool:
    """Report whether the engine has marked a value as secret."""
    return isinstance(value, dict) and cast("dict[str, object]", value).get(SIGNATURE) == SIGNATURE_OF_A_SECRET


def names_a_secret(name: str) -> bool:
    """Report whether a property of this name holds a secret."""
    return bool(NAMED.search(name)) and not PLACES.search(name)


def is_number(value: object) -> bool:
    """Report whether a value is a number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_kubernetes_secret(kind: str, name: str = "data") -> bool:
    """Report whether a property of a resource of this type is the content of a Kubernetes Secret."""
    return bool(KUBERNETES_SECRETS.match(kind)) and name in THEIR_DATA


def secrets_in(state: object) -> Iterator[str]:
    """Yield every secret text of a state that was exported with its secrets in plaintext.

    Of an object that is secret as a whole, a text is left out where the inputs of the stack's resources hold the same
    text without a mark: the program does not treat it as secret, and a report would lose plain words.
    """
    plain = frozenset(_plain_inputs(state))
    for kind, value, name in _marked(state):
        for leaf in _leaves(value, name, whole=True):
            for found in (leaf, *_inside(leaf, kind)):
                if _counts(found, kind, plain):
                    yield found.text


def secrets_of_config(written: object, clear: object) -> Iterator[str]:
    """Yield what a stack's file holds under `secure`; `clear` is the same config in plaintext."""
    if isinstance(written, dict) and set(cast("dict[str, object]", written)) == {"secure"}:
        for leaf in _leaves(clear, "", whole=True):
            yield from (found.text for found in (leaf, *_inside(leaf, "")) if _counts(found, "", frozenset()))
    elif isinstance(written, dict) and isinstance(clear, dict):
        for key, each in cast("dict[str, object]", written).items():
            yield from secrets_of_config(each, cast("dict[str, object]", clear).get(key))
    elif isinstance(written, list) and isinstance(clear, list):
        for one, other in zip(cast("list[object]", written), cast("list[object]", clear), strict=False):
            yield from secrets_of_config(one, other)


def _counts(leaf: Leaf, kind: str, plain: frozenset[str]) -> bool:
    if leaf.text.lower() in COMMON:
        return False
    if leaf.whole or names_a_secret(leaf.name):
        return True
    if leaf.text in plain:
        return False
    return not (leaf.repeated and not is_kubernetes_secret(kind) and PLAIN_WORD.fullmatch(leaf.text))


def _marked(state: object, kind: str = "", name: str = "") -> Iterator[tuple[str, object, str]]:
    """Yield each value that is marked, with the type of its resource and the name that it stands under."""
    if isinstance(state, list):
        for each in cast("list[object]", state):
            yield from _marked(each, kind, name)
    elif is_secret(state):
        yield kind, json.loads(cast("dict[str, str]", state).get("plaintext", '""')), name
    elif isinstance(state, dict):
        content = cast("dict[str, object]", state)
        kind = _kind(content, kind)
        for key, each in content.items():
            yield from _marked(each, kind, key)


def _plain_inputs(state: object, kind: str = "", *, inside: bool = False) -> Iterator[str]:
    """Yield every text of the resources' inputs that is not marked and whose name is not that of a secret."""
    if is_secret(state):
        return
    if inside and (isinstance(state, str) or is_number(state)):
        yield str(state)
    elif isinstance(state, list):
        for each in cast("list[object]", state):
            yield from _plain_inputs(each, kind, inside=inside)
    elif isinstance(state, dict):
        content = cast("dict[str, object]", state)
        kind = _kind(content, kind)
        for key, each in content.items():
            if not (inside and (names_a_secret(key) or is_kubernetes_secret(kind, key))):
                yield from _plain_inputs(each, kind, inside=inside or key == "inputs")


def _kind(content: dict[str, object], kind: str) -> str:
    """Return the type of a resource of the state; of what is inside of one, that of the resource."""
    own = content.get("type")
    return own if isinstance(own, str) and "urn" in content else kind


def _leaves(value: object, name: str, *, whole: bool, repeated: bool = False) -> Iterator[Leaf]:
    repeated = repeated or bool(REPEATED_INPUTS.match(name))
    if isinstance(value, dict):
        content = cast("dict[str, object]", value)
        if is_secret(content):
            # The mark is kept inside an object that is marked again.
            yield from _leaves(json.loads(str(content.get("plaintext", '""'))), name, whole=True)
            return
        for key, each in content.items():
            yield from _leaves(each, key, whole=False, repeated=repeated)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _leaves(each, name, whole=False, repeated=repeated)
    elif isinstance(value, str) or is_number(value):
        yield Leaf(name, str(value), whole, repeated)


def _inside(leaf: Leaf, kind: str) -> Iterator[Leaf]:
    """Yield the secrets of a secret text: of JSON the named ones, of a Kubernetes Secret the decoded content."""
    if leaf.text.lstrip().startswith(("{", "[")):
        try:
            content: object = json.loads(leaf.text)
        except ValueError:
            return
        yield from (each for each in _leaves(content, "", whole=False) if names_a_secret(each.name))
    elif is_kubernetes_secret(kind):
        try:
            decoded = base64.b64decode(leaf.text, validate=True).decode()
        except (binascii.Error, ValueError):
            return
        if len(decoded) >= SHORTEST_PART and decoded.isprintable():
            yield replace(leaf, text=decoded)
