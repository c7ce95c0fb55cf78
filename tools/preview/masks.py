"""What hides a secret in a report, by three signs: the engine says so, its name says so, or it is a known one."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, cast

from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place
UNKNOWN = "[unknown]"
# How the engine writes a secret: https://www.pulumi.com/docs/iac/concepts/secrets/ and `sdk/go/common/resource/sig`.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SIGNATURE_OF_A_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark
# What is shorter stands in too many words that are none.
SHORTEST = 4
# A line of a certificate's key is one; what begins and ends it stands in every other.
SHORTEST_LINE = 16
NAMED = re.compile(
    r"pass(word|wd|phrase)|(secret|token|credentials?|htpasswd)$|(secret|private|api|access|csrf|encryption)_?key",
    re.IGNORECASE,
)
# They name where a secret is.
PLACES = re.compile(r"(^existing|(name|ref|path|file)$)", re.IGNORECASE)
# Everything in them is one, whatever its name.
KUBERNETES_SECRETS = re.compile(r"^kubernetes:core/v1:Secret$")
ITS_DATA = ("data", "stringData")


class Masks:
    """Hides secrets in whatever is to be shown."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """These are known, in clear."""
        found = {form for secret in secrets for form in _forms(secret)}
        # The longest first, since one secret may be a part of another.
        known = sorted(found, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """The same without any known secret."""
        return self._known.sub(SECRET, text) if self._known else text

    def value(self, value: object, name: str = "", kind: str = "") -> Any:  # noqa: ANN401 - any JSON
        """The same without any secret, for a property of this name of a resource of this kind."""
        if is_secret(value):
            return SECRET
        if value == UNKNOWN_VALUE:
            return UNKNOWN
        hidden = _names_a_secret(name) or (bool(KUBERNETES_SECRETS.match(kind)) and name in ITS_DATA)
        if isinstance(value, dict):
            return {
                self.text(key): self._within(each, key, kind, hidden)
                for key, each in _items(cast("dict[str, object]", value))
            }
        if isinstance(value, list):
            return [self._within(each, "", kind, hidden) for each in cast("list[object]", value)]
        if isinstance(value, str):
            return SECRET if hidden and value else self.text(value)
        return value

    def _within(self, value: object, name: str, kind: str, hidden: bool) -> Any:  # noqa: ANN401, FBT001
        return self.value(value, "secret" if hidden else name, kind)


def is_secret(value: object) -> bool:
    """Whether the engine has marked it."""
    return isinstance(value, dict) and cast("dict[str, object]", value).get(SIGNATURE) == SIGNATURE_OF_A_SECRET


def secrets_in(state: object) -> Iterator[str]:
    """Every text that a state, exported with its secrets in clear, marks as one."""
    if isinstance(state, list):
        for each in cast("list[object]", state):
            yield from secrets_in(each)
    elif is_secret(state):
        yield from _texts(json.loads(cast("dict[str, str]", state).get("plaintext", '""')))
    elif isinstance(state, dict):
        for _, each in _items(cast("dict[str, object]", state)):
            yield from secrets_in(each)


def secrets_of_config(written: object, clear: object) -> Iterator[str]:
    """What a stack's file holds under `secure`, as the CLI tells it in clear."""
    if isinstance(written, dict) and set(cast("dict[str, object]", written)) == {"secure"}:
        yield from _texts(clear)
    elif isinstance(written, dict) and isinstance(clear, dict):
        for key, each in _items(cast("dict[str, object]", written)):
            yield from secrets_of_config(each, cast("dict[str, object]", clear).get(key))
    elif isinstance(written, list) and isinstance(clear, list):
        for one, other in zip(cast("list[object]", written), cast("list[object]", clear), strict=False):
            yield from secrets_of_config(one, other)


def _names_a_secret(name: str) -> bool:
    return bool(NAMED.search(name)) and not PLACES.search(name)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for _, each in _items(cast("dict[str, object]", value)):
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each)


def _items(value: dict[Any, Any]) -> Iterable[tuple[str, object]]:
    return cast("dict[str, object]", value).items()


def _forms(secret: str) -> Iterator[str]:
    """Itself, its lines, and how it stands inside JSON and inside a Kubernetes Secret."""
    if len(secret) < SHORTEST:
        return
    yield secret
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode()
    for line in secret.splitlines():
        if SHORTEST_LINE <= len(line) < len(secret) and not line.startswith("-----"):
            yield line
