"""`make keys`: the tables of docs/reference/config.md and the JSON schema of stack files, from the config models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast, get_origin

from pydantic.json_schema import models_json_schema

from components.catalogue import CHOICES, KEEPERS
from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.mirrors import FallbackSettings
from components.settings import Block, block_within, type_name
from components.switch import SwitchSettings
from tools.places import ROOT
from tools.readme import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCKS: dict[str, type[Block]] = {
    "image": ImageSettings,
    **{name: choice.settings for name, choice in CHOICES.items()},
    "switch": SwitchSettings,
    "fallback": FallbackSettings,
    "pullSecrets": PullSecretsSettings,
    "cluster": ClusterSettings,
    "nydus": NydusSettings,
}
PAGE = ROOT / "docs" / "reference" / "config.md"
SCHEMA = ROOT / "docs" / "reference" / "stack.schema.json"
# Pulumi encrypts a value in place: `secure: …` stands where the text would.
ENCRYPTED = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]}


def table(name: str) -> str:
    """Return the table of the block `hero:<name>`: each key with its type, default and description."""
    head = ["| key | type | default | description |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *_rows(f"hero:{name}", BLOCKS[name])])


def stack_schema() -> str:
    """Return the JSON schema of a stack file, by which editors complete and check `Pulumi.<stack>.yaml`."""
    references, described = models_json_schema([(model, "validation") for model in BLOCKS.values()], by_alias=True)
    config: dict[str, Any] = {
        "hero:registry": {"enum": list(CHOICES), "description": "The registry type."},
        "hero:mirrors": {"type": "array", "items": {"enum": list(KEEPERS)}, "uniqueItems": True},
    }
    config |= {f"hero:{name}": references[model, "validation"] for name, model in BLOCKS.items()}
    definitions = {name: _as_in_yaml(definition) for name, definition in described["$defs"].items()}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of a container registry",
        "type": "object",
        "properties": {"config": {"type": "object", "properties": config}},
        "$defs": definitions,
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _as_in_yaml(definition: dict[str, Any]) -> dict[str, Any]:
    """Allow Pulumi's `secure: …` for a secret, and YAML's booleans beside the strings `true` and `false` of an enum."""
    if "enum" in definition:
        booleans = [each == "true" for each in definition["enum"] if each in ("true", "false")]
        return {"description": definition.get("description", ""), "enum": [*definition["enum"], *booleans]}
    properties = definition.get("properties", {})
    secrets = {
        name: {"anyOf": [each, ENCRYPTED]} for name, each in properties.items() if '"secret"' in json.dumps(each)
    }
    return {**definition, "properties": {**properties, **secrets}} if secrets else definition


def _rows(path: str, model: type[Block]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{path}.{field.alias or name}"
        default = "required" if field.is_required() else _default(field.default)
        yield f"| `{key}` | {type_name(field)} | {default} | {_escaped(field.description or '')} |"
        inner = block_within(field.annotation)
        if inner:
            yield from _rows(f"{key}[]" if get_origin(field.annotation) is list else key, inner)


def _default(value: object) -> str:
    if value in (None, "", [], {}) or isinstance(value, Block):
        return ""
    if isinstance(value, list):
        return f"`{', '.join(map(str, cast('list[object]', value)))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("<", r"\<")


if __name__ == "__main__":
    for block in BLOCKS:
        write_table(block, table(block), PAGE)
    SCHEMA.write_text(stack_schema())
