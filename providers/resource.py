"""What the resources of our plugin have in common."""

import re
from typing import Any

import pulumi


class HeroResource(pulumi.CustomResource):
    """A resource of the plugin `hero`, whose properties are camelCase on the wire and snake_case in Python."""

    def __init__(self, kind: str, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"hero-home:provider:{kind}", name, properties, opts)

    def translate_input_property(self, prop: str) -> str:
        """`keep_data` becomes `keepData`."""
        return _camel(prop)

    def translate_output_property(self, prop: str) -> str:
        """`pusherPassword` becomes `pusher_password`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", prop).lower()


def camel_case(properties: dict[str, Any]) -> dict[str, Any]:
    """Write properties that are nested in others as the plugin reads them."""
    return {_camel(name): value for name, value in properties.items()}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def proof(identity_key: pulumi.Input[str | None] | None) -> dict[str, pulumi.Input[str | None]]:
    """Return the input by which the plugin verifies the embedded registry before it sends a password."""
    return {} if identity_key is None else {"identity_key": identity_key}
