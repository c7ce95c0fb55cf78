"""Events as the engine writes them, for what it was not recorded of."""

import json
from typing import Any

from tools.preview.events import read
from tools.preview.masks import Masks


def step(operation: str, name: str, kind: str, old: object, new: object, **more: object) -> str:
    """One resource's event."""
    urn = f"urn:pulumi:dev::hero::{kind}::{name}"

    def side(inputs: object) -> object:
        return inputs and {"type": kind, "urn": urn, "custom": True, "parent": "", "inputs": inputs, "outputs": {}}

    metadata = {"op": operation, "urn": urn, "type": kind, "old": side(old), "new": side(new), **more}
    return json.dumps({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata, "planning": True}})


def created(name: str, inputs: dict[str, Any]) -> str:
    """Something new."""
    return step("create", name, "hero:index:Thing", None, inputs)


def said(severity: str, text: str, **more: object) -> str:
    """Something said."""
    event = {"prefix": "", "message": text, "color": "never", "severity": severity, **more}
    return json.dumps({"sequence": 1, "timestamp": 1, "diagnosticEvent": event})


def violation(text: str) -> str:
    """Something that a policy has against a resource."""
    event = {
        "resourceUrn": "urn:pulumi:dev::hero::hero:image:HeroImage$hero-home:provider:Image::hero-image",
        "message": text,
        "color": "never",
        "policyName": "image-by-digest",
        "policyPackName": "hero",
        "policyPackVersion": "0.1.0",
        "policyPackVersionTag": "0.1.0",
        "enforcementLevel": "mandatory",
    }
    return json.dumps({"sequence": 1, "timestamp": 1, "policyEvent": event})


def updated(old: dict[str, Any], new: dict[str, Any], kind: str = "hero:index:Thing") -> tuple[Any, ...]:
    """What a report says of an update, where the provider says no more than which properties differ."""
    lines = [step("update", "thing", kind, old, new, diffs=list(new), detailedDiff=None)]
    (found,) = read(lines, Masks()).changed
    return found.changes
