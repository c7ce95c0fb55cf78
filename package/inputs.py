"""What a program in another language gives, as the config that it would be in a stack's file."""

import json
from collections.abc import Mapping
from typing import cast

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType

from components.mistakes import Mends, path_of
from components.reader import Entry
from components.settings import ConfigurationError, Place, Steps


class InProgram(Mends):
    """How to mend what a program gives; it is in a language that is not known here."""

    in_clear = "stands in clear in the program"

    def set(self, path: str, value: str) -> str:
        """Give a value."""
        return f"set {path} to {value}"

    def set_secret(self, path: str) -> str:
        """Give a value that stays secret."""
        return f"make {path} a secret: pulumi.secret, requireSecret of the config, fn::secret in YAML"

    def remove(self, path: str) -> str:
        """Take away whatever stands there."""
        return f"leave {path} out"

    def set_example(self, key: str, place: Place, beside: list[object], told: int) -> str:
        """Give what the field has for an example."""
        del beside, told
        path = path_of(key, place.steps)
        if place.is_secret:
            return self.set_secret(path)
        example: object = place.field.examples[0] if place.field.examples else "VALUE"
        return self.set(path, example if isinstance(example, str) else json.dumps(example))


def entries_of(home: str, inputs: Mapping[str, PropertyValue]) -> dict[str, Entry]:
    """Each input as an entry of a config whose keys begin with the home's name.

    Raises ConfigurationError where something is known only later, since all is checked before anything is made.
    """
    given = {f"{home}:{name}": value for name, value in inputs.items() if value.value is not None}
    return {key: _entry(key, value) for key, value in given.items()}


def _entry(key: str, value: PropertyValue) -> Entry:
    in_clear: list[Steps] = []
    plain = _plain(key, value, (), in_clear, sealed=False)
    text = plain if isinstance(plain, str) else json.dumps(plain)
    return Entry(text, value.contains_secret(), frozenset(in_clear))


def _plain(key: str, value: PropertyValue, steps: Steps, in_clear: list[Steps], *, sealed: bool) -> object:
    sealed = sealed or value.is_secret
    if value.type == PropertyValueType.COMPUTED:
        path = path_of(key, steps)
        raise ConfigurationError(f"{path} is known only when something else is there, and has to be known before.")
    if value.type == PropertyValueType.MAP:
        members = cast("Mapping[str, PropertyValue]", value.value)
        return {
            name: _plain(key, each, (*steps, name), in_clear, sealed=sealed)
            for name, each in members.items()
            if each.value is not None
        }
    if value.type == PropertyValueType.ARRAY:
        items = cast("tuple[PropertyValue, ...]", value.value)
        return [_plain(key, each, (*steps, place), in_clear, sealed=sealed) for place, each in enumerate(items)]
    if not sealed:
        in_clear.append(steps)
    # Over the wire every number is one with a fraction.
    is_whole = isinstance(value.value, float) and value.value.is_integer()
    return int(cast("float", value.value)) if is_whole else value.value
