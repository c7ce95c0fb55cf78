"""What a stack's file says to the policies, in the form in which the CLI takes it for a policy pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from policies.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

PACK = "policies"


def configuration(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each rule; `config` is what the stack's file has under that name."""
    registry = config.get(f"hero:{config.get('hero:registry') or 'embedded'}")
    if isinstance(registry, dict) and "origin" in registry:
        # What keeps the image, and its logins, is what is behind it.
        registry = config.get(f"hero:{cast('dict[str, Any]', registry)['origin']}")
    said: dict[str, Any] = {"production": _is_true(config.get("policy:production"))}
    if isinstance(registry, dict):
        block = cast("dict[str, Any]", registry)
        said |= {"keepData": _is_true(block.get("keepData")), "rotate": str(block.get("rotate") or "")}
    level = {"enforcementLevel": "mandatory"} if said["production"] else {}
    allowed: dict[str, list[str]] = config.get("policy:allowed") or {}
    return {rule.name: {**said, **level, "allowed": allowed.get(rule.name) or []} for rule in RULES}


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"
