"""Each rule: what it fires at, and what it leaves alone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.rule import UNKNOWN, Resource, Rule, Said, at, leaves
from policies.rules import RULES
from policies.validation import plain, policy_of

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "0a" * 32
RELEASE = "kubernetes:helm.sh/v3:Release"
NOTHING_SAID = Said()
HARBOR = {
    "existingSecretAdminPassword": "harbor-kept",
    "existingSecretSecretKey": UNKNOWN,
    "registry": {"credentials": {"existingSecret": "harbor-secrets"}},
    "database": {"internal": {"password": UNKNOWN}},
}


@dataclass(frozen=True)
class Example:
    """A resource, and whether a rule has anything against it."""

    rule: str
    fires: bool
    type: str
    inputs: dict[str, Any]
    said: Said
    protected: bool = False

    def __str__(self) -> str:
        """As pytest shows it."""
        return f"{self.rule}-{'fires' if self.fires else 'leaves alone'}-{json.dumps(self.inputs, default=str)[:60]}"


def fires(rule: str, kind: str, inputs: dict[str, Any], said: Said = NOTHING_SAID) -> Example:
    """The rule has something against it."""
    return Example(rule, fires=True, type=kind, inputs=inputs, said=said)


def leaves_alone(
    rule: str, kind: str, inputs: dict[str, Any], said: Said = NOTHING_SAID, *, protected: bool = False
) -> Example:
    """The rule has nothing against it."""
    return Example(rule, fires=False, type=kind, inputs=inputs, said=said, protected=protected)


def chart(values: dict[str, Any], **more: object) -> dict[str, Any]:
    """A release of Harbor's."""
    return {"chart": "harbor", "version": "1.19.1", "values": values, **more}


DRAGONFLY = {
    "manager": {"config": {"auth": {"jwt": {"key": "in-a-secret"}}}},
    "mysql": {"auth": {"existingSecret": "dragonfly-given"}},
    "externalRedis": {"addrs": ["redis.example.com:6379"]},
}


def pod(image: str) -> dict[str, Any]:
    """A DaemonSet of one container."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "it", "image": image}]}}}}


def zot(**access: object) -> dict[str, Any]:
    """The Secret that zot's configuration is in."""
    return {"stringData": {"config.json": json.dumps({"http": {"accessControl": access}})}}


ROTATED, PRODUCTION = Said(rotate="2026-11-25"), Said(production=True)
KEPT = Said(production=True, keep_data=True)
ROBOT, TOKEN = "hero-home:provider:HarborRobot", "hero-home:provider:DockerHubToken"
PROJECT, REPOSITORY = "hero-home:provider:HarborProject", "hero-home:provider:DockerHubRepository"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
EXAMPLES = [
    fires("no-default-passwords", "harbor:index/user:User", {"password": "Harbor12345"}),
    fires("no-default-passwords", "any:index:Thing", {"text": "not-a-secure-key"}),
    fires("no-default-passwords", "any:index:Thing", {"auth": [{"adminPassword": "admin"}]}),
    fires("no-default-passwords", RELEASE, chart({**HARBOR, "existingSecretAdminPassword": ""})),
    fires("no-default-passwords", RELEASE, {"chart": "oci://mirror/charts/harbor", "values": {}}),
    fires("no-default-passwords", RELEASE, {"chart": "./charts/harbor-1.19.1.tgz", "values": None}),
    leaves_alone("no-default-passwords", RELEASE, chart(HARBOR)),
    leaves_alone("no-default-passwords", RELEASE, {"chart": "zot", "values": {}}),
    fires("no-default-passwords", RELEASE, {"chart": "dragonfly", "values": {"mysql": {"enable": True}}}),
    leaves_alone("no-default-passwords", RELEASE, {"chart": "dragonfly", "values": DRAGONFLY}),
    leaves_alone("no-default-passwords", "any:index:Thing", {"username": "admin", "password": "Aq7-random-one"}),
    leaves_alone("no-default-passwords", "any:index:Thing", {"password": UNKNOWN}),
    fires("tls-verified", "harbor:index/registry:Registry", {"insecure": True}),
    fires("tls-verified", "hero-home:provider:Image", {"plainHttp": True}),
    fires("tls-verified", "harbor:index/configAuth:ConfigAuth", {"oidcVerifyCert": False}),
    fires("tls-verified", "any:index:Thing", {"insecureSkipTlsVerify": "true"}),
    fires("tls-verified", "kubernetes:core/v1:Secret", {"stringData": {"c": '{"sync": [{"tlsVerify": false}]}'}}),
    fires("tls-verified", RELEASE, chart({"expose": {"tls": {"enabled": False}}})),
    fires("tls-verified", RELEASE, chart({"database": {"external": {"sslmode": "require"}}})),
    leaves_alone("tls-verified", RELEASE, chart({"database": {"external": {"sslmode": "verify-full"}}})),
    leaves_alone("tls-verified", RELEASE, chart({"expose": {"tls": {"enabled": True}}, "metrics": {"enabled": False}})),
    leaves_alone("tls-verified", "hero-home:provider:Image", {"plainHttp": False}),
    leaves_alone("tls-verified", "harbor:index/configAuth:ConfigAuth", {"oidcVerifyCert": True}),
    fires("nothing-public", PROJECT, {"public": True}),
    fires("nothing-public", "harbor:index/project:Project", {"public": "true"}),
    fires("nothing-public", REPOSITORY, {"private": False}),
    fires("nothing-public", "kubernetes:core/v1:Secret", zot(anonymousPolicy=["read"])),
    leaves_alone("nothing-public", PROJECT, {"public": False}),
    leaves_alone("nothing-public", REPOSITORY, {"private": True}),
    leaves_alone("nothing-public", "kubernetes:core/v1:Secret", zot(anonymousPolicy=[], defaultPolicy=["read"])),
    fires("rotated-robots", ROBOT, {"days": -1}),
    fires("rotated-robots", ROBOT, {"days": 365}),
    fires("rotated-robots", "harbor:index/robotAccount:RobotAccount", {"duration": -1}),
    fires("rotated-robots", TOKEN, {"generation": ""}),
    leaves_alone("rotated-robots", ROBOT, {"days": 90}),
    leaves_alone("rotated-robots", ROBOT, {"days": -1}, ROTATED),
    leaves_alone("rotated-robots", TOKEN, {"generation": "2026-11-25"}, ROTATED),
    fires("images-of-a-version", "kubernetes:apps/v1:DaemonSet", pod("docker.io/library/busybox")),
    fires("images-of-a-version", "kubernetes:apps/v1:DaemonSet", pod("docker.io/library/busybox:latest")),
    fires("images-of-a-version", RELEASE, chart({"core": {"image": {"repository": "core", "tag": ""}}})),
    leaves_alone("images-of-a-version", "kubernetes:apps/v1:DaemonSet", pod("registry:5000/busybox:1.37.0")),
    leaves_alone("images-of-a-version", "kubernetes:apps/v1:DaemonSet", pod(f"busybox@{DIGEST}")),
    leaves_alone("images-of-a-version", RELEASE, chart({"core": {"image": {"repository": "core", "tag": "v2.15.1"}}})),
    fires("images-by-digest", "kubernetes:apps/v1:DaemonSet", pod("registry:5000/busybox:1.37.0")),
    fires("images-by-digest", RELEASE, chart({"image": {"repository": "zot", "tag": "v2.1.20"}})),
    leaves_alone("images-by-digest", "kubernetes:apps/v1:DaemonSet", pod(f"busybox:1.37.0@{DIGEST}")),
    leaves_alone("images-by-digest", RELEASE, chart({"image": {"repository": "zot", "tag": "v2", "digest": DIGEST}})),
    leaves_alone("images-by-digest", "hero-home:provider:Image", {"repository": "127.0.0.1:5001/hero", "tags": ["v1"]}),
    fires("pinned-charts", RELEASE, {"chart": "zot"}),
    fires("pinned-charts", RELEASE, {"chart": "zot", "version": "^0.1.0"}),
    fires("pinned-charts", "kubernetes:helm.sh/v4:Chart", {"chart": "oci://mirror/zot", "version": "0.1.x"}),
    leaves_alone("pinned-charts", RELEASE, {"chart": "zot", "version": "0.1.122"}),
    leaves_alone("pinned-charts", RELEASE, {"chart": f"oci://mirror/zot@{DIGEST}"}),
    leaves_alone("pinned-charts", RELEASE, {"chart": "./charts/zot-0.1.122.tgz"}),
    fires("production-data-protected", CLAIM, {}, PRODUCTION),
    fires("production-data-protected", PROJECT, {"name": "hero"}, PRODUCTION),
    fires("production-data-protected", REPOSITORY, {"keepData": False}, KEPT),
    leaves_alone("production-data-protected", CLAIM, {}, KEPT),
    leaves_alone("production-data-protected", CLAIM, {}, PRODUCTION, protected=True),
    leaves_alone("production-data-protected", REPOSITORY, {"keepData": True}, PRODUCTION),
    leaves_alone("production-data-protected", CLAIM, {}),
    leaves_alone("production-data-protected", "random:index/randomPassword:RandomPassword", {}, PRODUCTION),
]
BY_NAME = {rule.name: rule for rule in RULES}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_rule_fires_where_it_should_and_nowhere_else(example: Example) -> None:
    resource = Resource(example.type, "it", example.inputs, example.protected)
    found = list(BY_NAME[example.rule].check(resource, example.said))
    assert bool(found) is example.fires
    # A secret is in clear where a rule sees it.
    told = " ".join(found)
    assert not [
        value for _, value in leaves(example.inputs) if isinstance(value, str) and len(value) > 8 and value in told
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_an_example_of_both(rule: Rule) -> None:
    assert {example.fires for example in EXAMPLES if example.rule == rule.name} == {True, False}


def test_the_documentation_lists_every_rule() -> None:
    told = (ROOT / "docs" / "policies.md").read_text()
    for rule in RULES:
        assert f"| `{rule.name}` |" in told
        assert rule.description in told


# As the SDK hands a resource over.


def violations(rule: Rule, inputs: dict[str, Any], **config: object) -> list[str]:
    """What is reported of a resource `it`."""
    options = PolicyResourceOptions(
        protect=False,
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
    )
    given = unknown_checking_proxy(inputs)
    args = ResourceValidationArgs(PROJECT, given, "urn:pulumi:dev::hero::a::it", "it", options, None, config)
    told: list[str] = []
    policy_of(rule).validate(  # pyright: ignore[reportUnknownMemberType]
        args, lambda message, _=None: told.append(message)
    )
    return told


def test_a_rule_is_a_policy_of_the_sdk_s() -> None:
    rule = BY_NAME["nothing-public"]
    assert violations(rule, {"public": True})
    assert violations(rule, {"public": False}) == []


def test_what_the_stack_excepts_by_name_is_left_alone() -> None:
    assert violations(BY_NAME["nothing-public"], {"public": True}, allowed=["another"])
    assert violations(BY_NAME["nothing-public"], {"public": True}, allowed=["it"]) == []


def test_what_the_stack_says_reaches_the_rules() -> None:
    rule = BY_NAME["production-data-protected"]
    assert violations(rule, {"name": "hero"}) == []
    assert violations(rule, {"name": "hero"}, production=True)
    assert violations(rule, {"name": "hero"}, production=True, keepData=True) == []


def test_what_a_preview_does_not_know_is_nothing_to_fire_at() -> None:
    assert plain(unknown_checking_proxy({"a": UNKNOWN_STRING_VALUE, "b": [{"c": UNKNOWN_STRING_VALUE}]})) == {
        "a": UNKNOWN,
        "b": [{"c": UNKNOWN}],
    }
    for rule in RULES:
        assert violations(rule, {"public": UNKNOWN_STRING_VALUE, "password": UNKNOWN_STRING_VALUE}, rotate="1") == []


def test_a_path_of_what_is_not_known_is_not_known() -> None:
    assert at({"a": UNKNOWN}, "a.b") is UNKNOWN
    assert at({"a": {"b": 1}}, "a.b") == 1
    assert at({"a": {}}, "a.b.c") is None


def test_what_only_warns_is_advisory_by_itself() -> None:
    levels = {rule.name: policy_of(rule).enforcement_level for rule in RULES}
    assert {name for name, level in levels.items() if level == EnforcementLevel.ADVISORY} == {
        "rotated-robots",
        "images-by-digest",
    }
