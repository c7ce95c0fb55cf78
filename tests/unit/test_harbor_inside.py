"""What the program asks of Harbor itself: projects, robots, rules."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.engine.contract import contracts_of
from tests.unit.configuration import write_sources
from tests.unit.graph import Engine, Made
from tests.unit.harbor import EVERYTHING_INSIDE, STACKS, USERS, built
from tools.places import ROOT

WITH_WEBHOOK = {"webhooks": ["https://hooks.example.com/hero"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("stack", STACKS)
def test_everything_that_harbor_is_told_is_known_to_its_package(stack: str) -> None:
    for made in built(STACKS[stack]).made:
        if made.type.startswith("harbor:"):
            assert contracts_of("harbor")[made.type].mistakes(made.inputs) == []


def test_every_resource_of_the_package_is_made_or_named_as_left_out() -> None:
    engines = [
        built(EVERYTHING_INSIDE),
        built(USERS),
        built({"ldap": {"url": "ldaps://example.com", "base": "dc=example"}}),
    ]
    made = {made.type for engine in engines for made in engine.made}
    left_out = {kind for kind in contracts_of("harbor") if kind != "provider"} - made
    page = (ROOT / "docs" / "harbor.md").read_text()
    assert {kind.rpartition(":")[2] for kind in left_out} == {"Project", "RobotAccount", "PurgeAuditLog", "Tasks"}
    for kind in contracts_of("harbor").keys() - {"provider"}:
        assert f"`{kind.rpartition(':')[2]}`" in page


def test_the_robots_may_do_what_they_have_to_and_nothing_else() -> None:
    engine = built({}, image={"name": "team/hero"})
    pusher, puller = engine.named("harbor-pusher"), engine.named("harbor-puller")
    assert pusher.inputs["permissions"] == [{"project": "hero", "actions": ["repository:pull", "repository:push"]}]
    assert puller.inputs["permissions"] == [{"project": "hero", "actions": ["repository:pull"]}]
    assert engine.exported["repository"] == "hero.127.0.0.1.nip.io:30003/hero/team/hero"
    assert engine.exported["pusherUsername"] == "robot$hero+pusher"
    assert engine.exported["pullerUsername"] == "robot$hero+puller"


def test_another_word_gives_every_robot_another_password() -> None:
    engine = built({"rotate": "2026-11", "robots": [{"name": "everywhere"}]})
    for name in ("harbor-pusher", "harbor-puller", "harbor-system-robot-everywhere"):
        assert engine.named(f"{name}-password").inputs["keepers"] == {"rotate": "2026-11"}
        assert f"{name}-password" in engine.named(name).dependencies


def test_harbor_answers_before_anything_is_in_it_and_the_pusher_may_push_before_the_image_comes() -> None:
    engine = built(EVERYTHING_INSIDE)
    answers, readiness = engine.named("harbor-answers").inputs, engine.named("harbor-readiness").inputs
    assert answers["url"] == "https://hero.127.0.0.1.nip.io:30003/api/v2.0/ping"
    assert "harbor-release" in engine.named("harbor-answers").dependencies
    assert readiness["repository"] == "hero.127.0.0.1.nip.io:30003/hero/hero"
    assert readiness["username"] == "robot$hero+pusher"
    for made in engine.made:
        if made.type.startswith(("harbor:", "hero-home:provider:HarborProject", "hero-home:provider:HarborRobot")):
            assert "harbor-answers" in made.dependencies, made.name
    assert "harbor-pusher" in engine.named("harbor-readiness").dependencies
    assert "harbor-readiness" in engine.named("hero-image").dependencies


def test_nobody_hears_of_an_image_before_harbor_says_that_it_is_well_and_the_push_does_not_wait_for_that() -> None:
    engine = built({"scan": {"block": "high"}}, image=WITH_WEBHOOK)
    well = engine.named("hero-health")
    assert well.inputs["url"] == "https://hero.127.0.0.1.nip.io:30003/api/v2.0/health"
    assert well.inputs["health"] is True
    assert "harbor-readiness" in well.dependencies
    assert "hero-health" not in engine.named("hero-image").dependencies
    assert "hero-health" in engine.named("hero-scan").dependencies
    assert "hero-scan" in webhook_of(engine).dependencies
    assert "hero-health" in webhook_of(built({}, image=WITH_WEBHOOK)).dependencies


def webhook_of(engine: Engine) -> Made:
    """The one call that tells of the image."""
    (found,) = (made for made in engine.made if made.name.startswith("hero-webhook-"))
    return found


def test_rules_go_before_the_robots_do() -> None:
    engine = built(EVERYTHING_INSIDE)
    for made in engine.made:
        if made.type.startswith("harbor:"):
            assert {"harbor-pusher", "harbor-puller"} <= made.dependencies, made.name


@pytest.mark.parametrize("block", [{}, {"scan": {"scanner": False}}, {"robots": [{"name": "everywhere"}]}])
def test_who_wants_nothing_special_needs_nobody_elses_plugin_for_harbor(block: dict[str, Any]) -> None:
    assert not [made for made in built(block).made if "harbor:" in made.type.removeprefix("hero-home:provider:Harbor")]


def test_the_package_trusts_the_stacks_own_authority_and_is_told_to_verify(folder: Path) -> None:
    provider = built({"labels": [{"name": "stable"}]}).named("harbor-administrator").inputs
    assert provider["insecure"] in (False, "false")
    assert provider["username"] == "admin"
    assert (folder / ".hero" / "authorities" / "dev" / "ca.pem").read_text() == "a certificate"


def test_a_quota_is_told_in_bytes_and_a_mirror_by_the_number_of_its_registry() -> None:
    engine = built(EVERYTHING_INSIDE)
    team, mirror = engine.named("harbor-project-team").inputs, engine.named("harbor-project-mirror").inputs
    assert team["quota"] == 10 << 30
    assert team["blockSeverity"] == "high"
    assert (mirror["quota"], mirror["registry"]) == (-1, 4)
    assert engine.named("harbor-project-hero").inputs["public"] is False


def test_each_rule_of_a_retention_has_one_measure() -> None:
    rules = built(EVERYTHING_INSIDE).named("harbor-team-retention").inputs["rules"]
    measures = {"mostRecentlyPushed", "mostRecentlyPulled", "nDaysSinceLastPush", "nDaysSinceLastPull", "alwaysRetain"}
    assert [sorted(measures & {key for key, value in rule.items() if value}) for rule in rules] == [
        ["mostRecentlyPushed"],
        ["nDaysSinceLastPull"],
        ["alwaysRetain"],
    ]


def test_replications_go_by_themselves_by_time_or_when_asked() -> None:
    engine = built(EVERYTHING_INSIDE)
    schedules = {
        name: engine.named(f"harbor-replication-{name}").inputs["schedule"] for name in ("out", "in", "on-demand")
    }
    assert schedules == {"out": "event_based", "in": "0 0 3 * * *", "on-demand": "manual"}


@pytest.mark.parametrize("block", [{}, {"scan": {"block": "high"}}])
def test_an_image_that_is_not_looked_at_yet_is_told_to_nobody(block: dict[str, Any]) -> None:
    engine = built(block, image={"webhooks": ["https://example.com/hero"]})
    (webhook,) = [made for made in engine.made if made.type == "hero-home:provider:Webhook"]
    assert ("hero-scan" in webhook.dependencies) == bool(block)
    assert ("hero-scan" in engine.types()) == bool(block)


@pytest.mark.parametrize(
    ("block", "blocks"),
    [
        ({"project": {"block": "critical"}}, "critical"),
        ({"project": {"block": "medium"}, "scan": {"block": "critical"}}, "medium"),
        ({"project": {"block": "critical"}, "scan": {"block": "high"}}, "high"),
    ],
)
def test_what_harbor_would_hand_out_to_nobody_is_told_to_nobody(block: dict[str, Any], blocks: str) -> None:
    engine = built(block, image=WITH_WEBHOOK)
    assert engine.named("hero-scan").inputs["block"] == blocks
    assert "hero-scan" in webhook_of(engine).dependencies


def test_what_other_projects_block_is_not_heros_matter() -> None:
    assert "hero-scan" not in built({"projects": [{"name": "team", "block": "low"}]}).types()


def test_a_mirror_of_another_registry_goes_before_that() -> None:
    engine = built(EVERYTHING_INSIDE)
    assert not engine.named("harbor-project-mirror").retained
    assert engine.named("harbor-project-team").retained


@pytest.mark.parametrize("keep", [True, False])
def test_what_opens_kept_data_is_kept_with_it(keep: bool) -> None:  # noqa: FBT001 - the value itself
    engine = built({"keepData": keep})
    for name in (
        "harbor-kept",
        "harbor-images-claim",
        "harbor-database-claim",
        "harbor-namespace",
        "harbor-project-hero",
    ):
        assert engine.named(name).retained == keep, name
    assert not engine.named("harbor-pusher").retained


def test_where_data_goes_too_harbor_is_not_asked_to_take_anything_away() -> None:
    engine = built({**EVERYTHING_INSIDE, "keepData": False})
    for made in engine.made:
        if made.type.startswith(("harbor:", "hero-home:provider:HarborProject", "hero-home:provider:HarborRobot")):
            assert made.deleted_with == "harbor-namespace", made.name
    kept = built(EVERYTHING_INSIDE)
    assert kept.named("harbor-pusher").deleted_with == ""


@pytest.mark.parametrize(("code", "said"), [(0, ""), (1, "Harbor at https://hero cannot be reached")])
def test_before_a_rule_is_made_what_a_killed_run_left_of_it_is_forgotten(folder: Path, code: int, said: str) -> None:
    plugin = folder / "bin" / "pulumi-resource-hero-home"
    plugin.parent.mkdir()
    plugin.write_text(f'#!/bin/sh\necho "$@" > asked\ncat > told\necho "error: {said}" >&2\nexit {code}\n')
    plugin.chmod(0o755)
    hooks = {hook.name: hook for hook in built({"labels": [{"name": "stable"}]}).hooks}
    about = pulumi.ResourceHookArgs(
        urn="",
        id="",
        name="harbor-label-stable",
        type="harbor:index/label:Label",
        new_inputs={"name": "stable", "color": "#FFFFFF"},
    )
    if code:
        with pytest.raises(pulumi.RunError, match=f"^{said}$"):
            hooks["harbor-rules-forget"].callback(about)
    else:
        hooks["harbor-rules-forget"].callback(about)
    assert (folder / "asked").read_text() == "forget-in-harbor stable\n"
    assert json.loads((folder / "told").read_text()) == {
        "url": "https://hero.127.0.0.1.nip.io:30003",
        "username": "admin",
        "password": "the kept HARBOR_ADMIN_PASSWORD",
        "caCertificate": "a certificate",
        "kind": "Label",
        "inputs": {"name": "stable", "color": "#FFFFFF"},
    }
