"""The policy pack under the real engine: it lets every choice pass, and stops what breaks a rule."""

import json
from typing import Any

import pytest

from policies.rules import RULES
from tests.engine.cases import CASES, Case
from tests.engine.changes.change import with_values
from tests.engine.house import ROOT, House, Ran
from tools.preview.events import Message, read
from tools.preview.masks import Masks
from tools.preview.policies import PACK, configuration

WARNINGS = {rule.name for rule in RULES if rule.advisory}
OF_KO = pytest.mark.parametrize("case", [case for case in CASES if case.build == "ko"], ids=str)


@OF_KO
def test_every_choice_passes(house: House, case: Case) -> None:
    ran = preview(house, case.furnished())
    assert ran.code == 0, ran.text
    assert {each.policy for each in violations(ran)} <= WARNINGS


@pytest.mark.parametrize("case", [case for case in CASES if str(case) == "zot-ko"], ids=str)
def test_a_broken_rule_stops_the_preview_and_names_the_resource(house: House, case: Case) -> None:
    ran = preview(house, with_values(case.config(), {"zot.insecureHttp": True}))
    assert ran.code != 0
    found = {(each.severity, each.policy, each.name) for each in violations(ran)}
    assert ("mandatory", "tls-verified", "hero-image") in found
    excepted = with_values(case.config(), {"zot.insecureHttp": True})
    allowed = {"policy:allowed": {"tls-verified": [name for _, policy, name in found if policy == "tls-verified"]}}
    assert preview(house, excepted, allowed).code == 0


@pytest.mark.parametrize("case", [case for case in CASES if str(case) == "zot-ko"], ids=str)
def test_in_production_data_is_kept_and_nothing_only_warns(house: House, case: Case) -> None:
    ran = preview(house, case.config(), {"policy:production": True})
    assert ran.code != 0
    assert {(each.severity, each.policy) for each in violations(ran)} == {
        ("mandatory", "images-by-digest"),
        ("mandatory", "production-data-protected"),
    }


@pytest.mark.parametrize("case", [case for case in CASES if str(case) == "zot-ko"], ids=str)
def test_up_stopped_by_a_mandatory_rule_only(house: House, case: Case) -> None:
    refused = checked(house, "up", with_values(case.furnished(), {"zot.insecureHttp": True}))
    assert refused.code != 0
    assert ("mandatory", "tls-verified") in {(each.severity, each.policy) for each in violations(refused)}
    assert "hero-image" not in refused.changes
    passed = checked(house, "up", case.config())
    assert passed.code == 0, passed.text
    assert {each.severity for each in violations(passed)} == {"advisory"}


def preview(house: House, config: dict[str, Any], said: dict[str, Any] | None = None) -> Ran:
    """As `make preview` asks for it."""
    return checked(house, "preview", config, said)


def checked(house: House, verb: str, config: dict[str, Any], said: dict[str, Any] | None = None) -> Ran:
    """Run a command with the pack and with what the stack's file says to it."""
    house.configure(config)
    written = {f"hero:{key}": value for key, value in config.items()} | (said or {})
    file = house.path / "policies.json"
    file.write_text(json.dumps(configuration(written)))
    flags = ["--yes", "--skip-preview"] if verb == "up" else []
    return house.run(verb, *flags, "--policy-pack", str(ROOT / PACK), "--policy-pack-config", str(file))


def violations(ran: Ran) -> list[Message]:
    """What the rules have against it."""
    return [each for each in read(ran.events.splitlines(), Masks()).messages if each.policy]
