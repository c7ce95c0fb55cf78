"""Rules as Pulumi's policies: what the SDK hands over made plain, and what a rule finds reported."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.rule import UNKNOWN, Resource, Rule, Said

# What a run gives to each rule by `--policy-pack-config`; what it leaves out is as the stack's file says.
SCHEMA = PolicyConfigSchema(
    {
        "production": {"type": "boolean"},
        "keepData": {"type": "boolean"},
        "rotate": {"type": "string"},
        "allowed": {"type": "array", "items": {"type": "string"}},
    }
)


def policy_of(rule: Rule, settings: Mapping[str, Any] | None = None) -> ResourceValidationPolicy:
    """The rule, for every resource but those that the stack's file excepts from it by name.

    The settings are those of the stack's file; see policies/stack_file.py.
    """
    defaults = settings or {}

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        config = {**defaults, **args.get_config()}
        if args.name in config.get("allowed", ()):
            return
        resource = Resource(args.resource_type, args.name, plain(args.props), args.opts.protect)
        for found in rule.check(resource, said_in(config)):
            report(found, None)

    warns = rule.advisory and defaults.get("enforcementLevel") != "mandatory"
    level = EnforcementLevel.ADVISORY if warns else EnforcementLevel.MANDATORY
    return ResourceValidationPolicy(rule.name, rule.description, validate, level, SCHEMA)


def said_in(config: Mapping[str, Any]) -> Said:
    """What the stack's file says, as the SDK hands it over."""
    return Said(bool(config.get("production")), bool(config.get("keepData")), str(config.get("rotate") or ""))


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Maps and lists instead of the SDK's own, which raise an error at what a preview does not know."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return {name: _plain_at(items, name) for name in items}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain_at(cast("Sequence[Any]", value), place) for place in range(len(cast("Sequence[Any]", value)))]
    return value


def _plain_at(holder: Any, place: Any) -> Any:  # noqa: ANN401 - a map's name, or a list's place
    try:
        return plain(holder[place])
    except UnknownValueError:
        return UNKNOWN
