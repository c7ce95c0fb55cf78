"""Which commands of the wrapper are held to the policies, and what the pack reads of the stack."""

from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel

from policies.rule import Rule
from policies.rules import RULES
from policies.stack_file import STACK, config_of, configuration, settings_of
from policies.validation import policy_of
from tools.policy_pack import PACK, environment_of, with_policies
from tools.problem import Problem

ADDED = ["--policy-pack", str(PACK)]
ADVISORY = next(rule for rule in RULES if rule.advisory)
MANDATORY = next(rule for rule in RULES if not rule.advisory)


@pytest.mark.parametrize(
    "arguments",
    [
        ["up"],
        ["update"],
        ["up", "--stack", "dev", "--yes", "--skip-preview"],
        ["--non-interactive", "up"],
        ["--color", "never", "up"],
        ["--color=never", "up"],
        ["-v9", "up"],
        ["-v", "9", "up"],
        ["-C", "up", "up"],
        ["--stack", "dev", "up"],
    ],
)
def test_up_gets_the_pack(arguments: list[str]) -> None:
    assert with_policies(arguments) == [*arguments, *ADDED]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["preview"],
        ["destroy", "--yes"],
        ["refresh"],
        ["stack", "select", "up"],
        ["config", "set", "update", "up"],
        ["--stack", "up", "destroy"],
        ["up", "--help"],
        ["up", "--policy-pack", "other"],
        ["up", "--policy-pack=other"],
    ],
)
def test_other_command_left_as_it_is(arguments: list[str]) -> None:
    assert with_policies(arguments) == arguments


def test_up_with_double_dash_gets_the_pack_before_it() -> None:
    assert with_policies(["up", "--", "x"]) == ["up", *ADDED, "--", "x"]


def test_pack_is_a_policy_pack() -> None:
    assert (PACK / "PulumiPolicy.yaml").exists()


def test_stack_file_read_by_the_last_part_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {policy:production: true, hero:embedded: {keepData: true}}\n")
    for stack in ("dev", "acme/hero/dev"):
        settings = settings_of(tmp_path, stack)
        assert settings[ADVISORY.name]["enforcementLevel"] == "mandatory"
        assert settings[MANDATORY.name]["keepData"] is True


@pytest.mark.parametrize("content", [None, "", "config:\n", "- a\n", "config: [a]\n", "encryptionsalt: v1\n"])
def test_stack_file_without_config_says_nothing(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    if content is not None:
        file.write_text(content)
    assert config_of(file) == {}
    assert settings_of(tmp_path, "dev")[MANDATORY.name] == {"production": False, "allowed": []}


@pytest.mark.parametrize(
    ("rule", "level"), [(ADVISORY, EnforcementLevel.ADVISORY), (MANDATORY, EnforcementLevel.MANDATORY)]
)
def test_policy_keeps_its_level_outside_of_production(rule: Rule, level: EnforcementLevel) -> None:
    assert policy_of(rule).enforcement_level == level
    assert policy_of(rule, {"enforcementLevel": "mandatory"}).enforcement_level == EnforcementLevel.MANDATORY


def test_wrapper_and_pack_name_the_stack_by_the_same_variable() -> None:
    assert environment_of("dev") == {STACK: "dev"}


@pytest.mark.parametrize("allowed", [{"no-default-passwords": "zot-files"}, ["zot"], "zot"])
def test_allowed_of_another_type_is_refused(allowed: object) -> None:
    with pytest.raises(Problem, match="cannot read policy:allowed"):
        configuration({"policy:allowed": allowed})
