"""What a stack's state has, for commands that act upon what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from tools.packages import run
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK = "pulumi:pulumi:Stack"


def exported(stack: str, *options: str) -> dict[str, Any]:
    """All of it; with `--show-secrets` they are in clear."""
    command = [str(ROOT / "pulumiw"), "stack", "export", *options, "--stack", stack]
    return dict(json.loads(run(command, "the stack cannot be read")))


def resources(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """None where nothing was ever up."""
    deployment: dict[str, Any] = state.get("deployment") or {}
    return deployment.get("resources") or []


def outputs(state: Mapping[str, Any]) -> dict[str, Any]:
    """What the stack itself tells."""
    told: list[dict[str, Any]] = [each.get("outputs") or {} for each in resources(state) if each["type"] == STACK]
    return {key: opened(value) for outputs in told for key, value in outputs.items()}


def opened(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A secret as an export shows it is an object with its JSON in clear."""
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    return json.loads(members["plaintext"]) if "plaintext" in members else members
