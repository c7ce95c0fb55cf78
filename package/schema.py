"""What the package says of itself, from which Pulumi writes the types of every language.

It is made from the models that check a stack's config, so that a key, its words and what it takes are written once.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from components.catalogue import CHOICES, DEFAULT, KEEPERS
from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.mirrors import FallbackSettings
from components.settings import Block
from components.switch import SwitchSettings

PACKAGE = "hero"
VERSION = "0.1.0"
HOME = f"{PACKAGE}:index:Home"
BLOCKS: dict[str, type[Block]] = {
    "image": ImageSettings,
    **{name: choice.settings for name, choice in CHOICES.items()},
    "pullSecrets": PullSecretsSettings,
    "cluster": ClusterSettings,
    "nydus": NydusSettings,
    "switch": SwitchSettings,
    "fallback": FallbackSettings,
}
OUTPUTS: dict[str, dict[str, object]] = {
    "registry": {"type": "string", "description": "The registry type."},
    "address": {"type": "string", "description": "The registry's `host[:port]`, as in an image reference."},
    "repository": {"type": "string", "description": "The repository of the image: `address/path`."},
    "image": {"type": "string", "description": "The image by digest: `repository@sha256:…`. Use it in pod specs."},
    "digest": {"type": "string", "description": "The digest of the image: `sha256:…`."},
    "tags": {"type": "array", "items": {"type": "string"}, "description": "The tags of this digest."},
    "nydusImage": {"type": "string", "description": "The Nydus image by digest, only with `image.nydus`."},
    "mirrors": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The image in each mirror, by digest: `repository@sha256:…`.",
    },
    "page": {"type": "string", "description": "The URL of the registry's UI."},
    "pull": {"type": "string", "description": "The command that pulls the image, after `docker login`."},
    "caCertificate": {"type": "string", "description": "The registry's private CA in PEM, if it has one."},
    "pusherUsername": {"type": "string", "description": "The user that may push and pull."},
    "pusherPassword": {
        "type": "string",
        "secret": True,
        "description": "The password or token of the push credential.",
    },
    "pullerUsername": {"type": "string", "description": "The user that may only pull."},
    "pullerPassword": {
        "type": "string",
        "secret": True,
        "description": "The password or token of the pull credential.",
    },
}
PERHAPS = ("nydusImage", "caCertificate")


def schema() -> dict[str, object]:
    """The package's schema: https://www.pulumi.com/docs/iac/extending-pulumi/schema/."""
    references, described = models_json_schema([(model, "validation") for model in BLOCKS.values()], by_alias=True)
    definitions: dict[str, dict[str, Any]] = described["$defs"]
    blocks = {name: _property(references[model, "validation"], definitions) for name, model in BLOCKS.items()}
    choice: dict[str, object] = {
        "type": "string",
        "description": f"Where the image lives: {' | '.join(CHOICES)}; {DEFAULT} where none is given.",
    }
    mirrors: dict[str, object] = {
        "type": "array",
        "items": {"type": "string"},
        "description": f"Further registries that keep the image too, each once: {' | '.join(KEEPERS)}.",
    }
    return {
        "name": PACKAGE,
        "version": VERSION,
        "displayName": "Hero's home",
        "description": "A container image and the registry that it lives in.",
        "license": "Apache-2.0",
        "types": {
            _token(name): _type(definition, definitions)
            for name, definition in definitions.items()
            if definition["type"] == "object"
        },
        "resources": {
            HOME: {
                "isComponent": True,
                "description": "A registry of the chosen kind, with a container image in it that was built or taken.",
                "inputProperties": {"registry": choice, "mirrors": mirrors, **blocks},
                "properties": OUTPUTS,
                "required": [name for name in OUTPUTS if name not in PERHAPS],
            }
        },
    }


def _type(definition: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, object]:
    properties: dict[str, Any] = definition.get("properties", {})
    return {
        "type": "object",
        "description": definition.get("description", ""),
        "properties": {name: _property(each, definitions) for name, each in properties.items()},
        "required": definition.get("required", []),
    }


def _property(given: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, object]:
    """A property of Pulumi's from one of JSON Schema's, of which pydantic uses few words for config."""
    said: dict[str, object] = {name: given[name] for name in ("description", "secret") if name in given}
    if "anyOf" in given:
        (one,) = (each for each in given["anyOf"] if each.get("type") != "null")
        return {**_property(one, definitions), **said}
    if "$ref" in given:
        name = given["$ref"].rpartition("/")[2]
        if definitions[name]["type"] != "object":
            # The words that are allowed are in the description, and a wrong one is told with what may have been meant.
            return {"type": definitions[name]["type"], **said}
        return {"$ref": f"#/types/{_token(name)}", **said}
    if given.get("type") == "array":
        return {"type": "array", "items": _property(given["items"], definitions), **said}
    if given.get("type") == "object":
        return {"type": "object", "additionalProperties": _property(given["additionalProperties"], definitions), **said}
    return {"type": given["type"], **said}


def _token(name: str) -> str:
    """A model's own name; where two have the same one, with the room before it that it is from."""
    room = re.fullmatch(r"components__registries__([a-z]+)__.*__(\w+)", name)
    return f"{PACKAGE}:index:{room[1].capitalize()}{room[2]}" if room else f"{PACKAGE}:index:{name}"
