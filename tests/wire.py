"""Values as they go between an engine, a program and a provider: unknown ones, secret ones, plain ones."""

from typing import Any, cast

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

UNKNOWN = rpc.UNKNOWN
"""What stands for a value that a preview cannot know."""


def plain(properties: Struct) -> tuple[dict[str, Any], frozenset[str]]:
    """The values without the marks around secrets, and the paths at which such marks were."""
    secrets: set[str] = set()

    def unwrapped(value: object, path: str) -> object:
        if rpc.is_rpc_secret(value):
            secrets.add(path)
            return unwrapped(rpc.unwrap_rpc_secret(value), path)
        if isinstance(value, dict):
            members = cast("dict[str, object]", value)
            return {key: unwrapped(member, f"{path}.{key}" if path else key) for key, member in members.items()}
        if isinstance(value, list):
            return [unwrapped(item, f"{path}[{place}]") for place, item in enumerate(cast("list[object]", value))]
        return value

    values = cast("dict[str, Any]", unwrapped(MessageToDict(properties), ""))
    return values, frozenset(secrets)


def marked(values: dict[str, Any], secrets: frozenset[str]) -> Struct:
    """The values with marks around what lies at these paths."""

    def wrapped(value: object, path: str) -> object:
        if isinstance(value, dict):
            members = cast("dict[str, object]", value)
            inner: object = {key: wrapped(member, f"{path}.{key}" if path else key) for key, member in members.items()}
        elif isinstance(value, list):
            inner = [wrapped(item, f"{path}[{place}]") for place, item in enumerate(cast("list[object]", value))]
        else:
            inner = value
        return rpc.wrap_rpc_secret(inner) if path in secrets else inner

    struct = Struct()
    struct.update(cast("dict[str, Any]", wrapped(values, "")))
    return struct
