"""What hides a secret in a report, by three signs: the engine says so, its name says so, or it is a known one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_VALUE

from tools.preview.known_secrets import (
    is_kubernetes_secret,
    is_number,
    is_secret,
    names_a_secret,
    secrets_in,
    secrets_of_config,
)
from tools.preview.spellings import SHORTEST_PART as SHORTEST
from tools.preview.spellings import SHORTEST_WORD, pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SECRET", "SHORTEST", "UNKNOWN", "Masks", "is_secret", "secrets_in", "secrets_of_config"]

SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place
UNKNOWN = "[unknown]"


class Masks:
    """Hides secrets in whatever is to be shown."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the known secrets, in plaintext."""
        self._whole = frozenset(each for each in secrets if len(each) >= SHORTEST_WORD)
        self._known = pattern_of(self._whole)

    def text(self, text: str) -> str:
        """Replace every known secret in a text."""
        if text in self._whole:
            return SECRET
        return self._known.sub(SECRET, text) if self._known else text

    def value(self, value: object, name: str = "", kind: str = "") -> Any:  # noqa: ANN401 - any JSON
        """The same without any secret, for a property of this name of a resource of this kind."""
        if is_secret(value):
            return SECRET
        if value == UNKNOWN_VALUE:
            return UNKNOWN
        hidden = names_a_secret(name) or is_kubernetes_secret(kind, name)
        if isinstance(value, dict):
            return {
                self.text(key): self._within(each, key, kind, hidden)
                for key, each in _items(cast("dict[str, object]", value))
            }
        if isinstance(value, list):
            return [self._within(each, "", kind, hidden) for each in cast("list[object]", value)]
        if isinstance(value, str):
            return SECRET if hidden and value else self.text(value)
        return SECRET if is_number(value) and str(value) in self._whole else value

    def _within(self, value: object, name: str, kind: str, hidden: bool) -> Any:  # noqa: ANN401, FBT001
        return self.value(value, "secret" if hidden else name, kind)


def _items(value: dict[Any, Any]) -> Iterable[tuple[str, object]]:
    return cast("dict[str, object]", value).items()
