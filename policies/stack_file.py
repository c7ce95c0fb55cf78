"""What a stack's file says to the rules; the pack reads it where a run gives no `--policy-pack-config`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml

from policies.rules import RULES
from tools.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# The environment variable that names the stack whose file the pack reads.
STACK = "HERO_POLICY_STACK"


def settings_of(project: Path, stack: str) -> dict[str, dict[str, Any]]:
    """Return each rule's settings by the file of a stack; a stack without a file has those of an empty one."""
    return configuration(config_of(project / f"Pulumi.{stack.rpartition('/')[2]}.yaml"))


def config_of(file: Path) -> dict[str, Any]:
    """Return the config as it stands in a stack's file, with secrets encrypted."""
    content: object = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    config = cast("dict[str, object]", content).get("config") if isinstance(content, dict) else None
    return cast("dict[str, Any]", config) if isinstance(config, dict) else {}


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
    allowed = _allowed(config.get("policy:allowed") or {})
    return {rule.name: {**said, **level, "allowed": allowed.get(rule.name) or []} for rule in RULES}


def _allowed(value: object) -> dict[str, list[str]]:
    """Return the names of the resources that each rule skips. Raises Problem where the value is anything else."""
    rules = cast("dict[object, object]", value) if isinstance(value, dict) else None
    if rules is None or not all(isinstance(each, list) for each in rules.values()):
        raise Problem(
            "cannot read policy:allowed: it is not a map of rules to lists\n"
            "hint: policy:allowed: {nothing-public: [NAME]}"
        )
    return cast("dict[str, list[str]]", rules)


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"
