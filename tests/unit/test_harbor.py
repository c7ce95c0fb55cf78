"""What the program asks for Harbor: of its chart, of the cluster, and of Harbor itself."""

import json
import runpy
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.kubernetes.charts import HARBOR_IMAGES
from tests.contracts import unknown_keys
from tests.engine.contract import contracts_of
from tests.unit.configuration import entries_of, mistakes_in, sealed, write_sources
from tests.unit.graph import Engine
from tools.places import ROOT

CONTRACTS = ROOT / "tests" / "contracts"
DOMAIN = {"domain": "hero.127.0.0.1.nip.io"}
HUB = {
    "name": "hub",
    "kind": "docker-hub",
    "url": "https://hub.docker.com",
    "username": "vfarcic",
    "password": sealed("hidden-hub"),
}
EVERYTHING_IN_A_PROJECT = {
    "name": "team",
    "public": True,
    "quota": "10Gi",
    "scanOnPush": False,
    "sbomOnPush": True,
    "block": "high",
    "allowedCves": ["CVE-2024-1234"],
    "cosign": True,
    "notation": True,
    "retention": {"every": "Daily", "keep": [{"mostRecentlyPushed": 10, "tags": "v*"}, {"daysSincePull": 30}, {}]},
    "immutableTags": [{"tags": "v*"}, {"repositories": "hero"}],
    "webhooks": [
        {
            "name": "chat",
            "address": "https://example.com/harbor",
            "events": ["PUSH_ARTIFACT", "SCANNING_COMPLETED"],
            "format": "slack",
            "header": sealed("hidden-header"),
        }
    ],
    "members": [
        {"user": "vfarcic", "role": "developer"},
        {"group": "platform", "role": "guest"},
        {"group": "in-ldap", "kind": "ldap", "distinguishedName": "cn=in-ldap,dc=example", "role": "maintainer"},
    ],
    "robots": [{"name": "builder", "may": ["repository:pull", "repository:push"], "days": 90}],
    "labels": [{"name": "stable", "color": "#00AB9A"}],
}
EVERYTHING_INSIDE: dict[str, Any] = {
    "projects": [EVERYTHING_IN_A_PROJECT, {"name": "mirror", "proxyOf": "hub"}],
    "registries": [HUB],
    "replications": [
        {"name": "out", "registry": "hub", "repositories": "hero/**", "deletion": True},
        {"name": "in", "registry": "hub", "direction": "pull", "every": "0 0 3 * * *", "namespace": "mirror"},
        {"name": "on-demand", "registry": "hub", "direction": "pull"},
    ],
    "robots": [{"name": "everywhere"}],
    "groups": [{"name": "platform"}, {"name": "in-ldap", "kind": "ldap", "distinguishedName": "cn=in-ldap,dc=example"}],
    "labels": [{"name": "stable"}],
    "oidc": {
        "name": "Keycloak",
        "endpoint": "https://login.example.com/realms/hero",
        "clientId": "harbor",
        "clientSecret": sealed("hidden-oidc"),
    },
    "system": {"banner": "Down on Friday", "quotaPerProject": 100},
    "garbageCollection": {"every": "Daily", "workers": 2},
    "allowedCves": {"identifiers": ["CVE-2024-1234"]},
    "preheat": [{"name": "dragonfly", "endpoint": "https://dragonfly.example.com", "token": sealed("hidden-preheat")}],
    "scan": {"every": "Weekly", "block": "critical"},
}
USERS = {
    "users": [
        {"name": "vfarcic", "fullName": "Viktor Farcic", "email": "v@example.com", "password": sealed("hidden-User-1")}
    ]
}
# Everything that the chart is told, in as few stacks as what excludes another allows.
STACKS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "large, in a bucket": {
        "s3": {
            "bucket": "hero",
            "region": "eu-central-1",
            "endpoint": "https://minio.example.com",
            "accessKey": sealed("hidden-access-key"),
            "secretKey": sealed("hidden-secret-key"),
        },
        "redirect": True,
        "database": {"host": "postgresql.example.com", "username": "harbor", "password": sealed("hidden-database")},
        "redis": {
            "address": "one:26379,two:26379",
            "sentinelMaster": "mymaster",
            "insecurePlaintext": True,
            "username": "harbor",
            "password": sealed("hidden-redis"),
        },
        "replicas": 3,
        "metrics": True,
        "serviceMonitor": True,
    },
    "in Azure's": {"azure": {"account": "hero", "container": "hero", "key": sealed("hidden-azure")}},
    "in Google's": {"gcs": {"bucket": "hero", "key": sealed("hidden-google")}},
    "in Google's, as the pods' own account": {"gcs": {"bucket": "hero"}},
    "in a bucket of Amazon's": {"s3": {"bucket": "hero", "region": "eu-central-1"}},
    "as small as can be": {"scan": {"scanner": False}, "ipv6": False},
    "without the internet": {"scan": {"mirror": "mirror.example.com/aquasec"}, "authorities": "ca.pem"},
    "behind an ingress": {"expose": "ingress", "ingressClass": "nginx", "annotations": {"a": "b"}},
    "behind an ingress without a certificate": {"expose": "ingress", "insecureHttp": True},
    "behind a load balancer": {"expose": "loadBalancer", "certificateIssuer": "letsencrypt"},
    "behind a load balancer by http": {"expose": "loadBalancer", "insecureHttp": True},
    "by http": {"insecureHttp": True},
    "with claims of a class": {"storageClass": "fast", "size": "100Gi", "databaseSize": "5Gi"},
    "with everything in it": EVERYTHING_INSIDE,
    "with people": USERS,
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built(block: dict[str, Any], **config: object) -> Engine:
    """The program itself."""
    engine = Engine()
    entries = entries_of(
        {
            "hero:registry": "harbor",
            "hero:harbor": {**DOMAIN, **block},
            **{f"hero:{key}": each for key, each in config.items()},
        }
    )
    assert mistakes_in(entries) == []
    engine.run(lambda: runpy.run_path(str(ROOT / "__main__.py")), entries)
    return engine


def values_of(engine: Engine) -> dict[str, Any]:
    """What the chart is told."""
    return engine.named("harbor-release").inputs["values"]


@pytest.mark.parametrize("stack", STACKS)
def test_every_value_is_known_to_the_chart(stack: str) -> None:
    known = json.loads((CONTRACTS / "harbor.json").read_text())
    # Its templates read these, and its defaults name them in comments alone.
    known["persistence"]["imageChartStorage"]["s3"] |= dict.fromkeys(
        ("existingSecret", "regionendpoint", "secure", "v4auth", "rootdirectory")
    )
    known["persistence"]["imageChartStorage"]["gcs"] |= {"rootdirectory": None}
    known["expose"]["ingress"]["annotations"] = known["nginx"]["podAnnotations"] = None
    known["caBundleSecretName"] = None
    assert unknown_keys(values_of(built(STACKS[stack])), known) == []


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


def test_no_default_password_is_left_and_nothing_random_is_left_to_the_chart() -> None:
    values = values_of(built({}))
    kept, made = "harbor-kept-id", "harbor-secrets"
    assert values["existingSecretAdminPassword"] == values["existingSecretSecretKey"] == kept
    assert values["core"]["existingSecret"] == values["core"]["secretName"] == made
    assert values["core"]["existingXsrfSecret"] == made
    assert values["jobservice"]["existingSecret"] == values["registry"]["existingSecret"] == made
    assert values["registry"]["credentials"]["existingSecret"] == made
    assert values["database"]["internal"]["password"] == "the kept database"
    assert values["expose"]["tls"] == {
        "enabled": True,
        "certSource": "secret",
        "secret": {"secretName": "harbor-tls"},
    }


def test_the_secrets_are_of_the_lengths_that_harbor_wants() -> None:
    engine = built({})
    assert engine.named("harbor-kept").inputs["lengths"] == {
        "HARBOR_ADMIN_PASSWORD": 32,
        "secretKey": 16,
        "database": 32,
    }
    lengths = {
        made.name: made.inputs["length"] for made in engine.made if made.type.startswith("random:") and made.name
    }
    assert lengths["harbor-secret"] == lengths["harbor-jobservice-secret"] == 16
    assert lengths["harbor-csrf-key"] == 32
    # Harbor's token service reads PKCS #1 alone, which is what RSA is given as.
    assert engine.named("harbor-token-key").inputs["algorithm"] == "RSA"


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_secret_in_the_config_is_secret_wherever_it_goes(stack: str) -> None:
    for made in built(STACKS[stack]).made:
        for path, value in _leaves(made.inputs):
            if "hidden" in str(value):
                assert any(path == secret or path.startswith(f"{secret}.") for secret in made.secrets), made.name


def test_the_robots_may_do_what_they_have_to_and_nothing_else() -> None:
    engine = built({}, image={"name": "team/hero"})
    pusher, puller = engine.named("harbor-pusher"), engine.named("harbor-puller")
    assert pusher.inputs["permissions"] == [{"project": "hero", "actions": ["repository:pull", "repository:push"]}]
    assert puller.inputs["permissions"] == [{"project": "hero", "actions": ["repository:pull"]}]
    assert engine.exported["repository"] == "hero.127.0.0.1.nip.io:30003/hero/team/hero"
    assert engine.exported["pusherUsername"] == "robot$hero+pusher"
    assert engine.exported["pullerUsername"] == "robot$hero+puller"


def test_harbor_is_well_before_anything_is_in_it_and_the_pusher_may_push_before_the_image_comes() -> None:
    engine = built(EVERYTHING_INSIDE)
    health, readiness = engine.named("harbor-health").inputs, engine.named("harbor-readiness").inputs
    assert health["url"] == "https://hero.127.0.0.1.nip.io:30003/api/v2.0/health"
    assert health["health"] is True
    assert "harbor-release" in engine.named("harbor-health").dependencies
    assert readiness["repository"] == "hero.127.0.0.1.nip.io:30003/hero/hero"
    assert readiness["username"] == "robot$hero+pusher"
    for made in engine.made:
        if made.type.startswith(("harbor:", "hero-home:provider:HarborProject", "hero-home:provider:HarborRobot")):
            assert "harbor-health" in made.dependencies, made.name
    assert "harbor-pusher" in engine.named("harbor-readiness").dependencies
    assert "harbor-readiness" in engine.named("hero-image").dependencies


def test_rules_go_before_the_robots_do() -> None:
    engine = built(EVERYTHING_INSIDE)
    for made in engine.made:
        if made.type.startswith("harbor:") and made.type != "harbor:index/registry:Registry":
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


def test_all_ten_images_are_pinned_and_all_come_from_where_config_says() -> None:
    plain, moved = values_of(built({})), values_of(built({}, cluster={"images": "mirror.example.com/all"}))
    assert len(HARBOR_IMAGES) == 10
    for path, image in HARBOR_IMAGES.items():
        assert _at(plain, path)["image"] == {"repository": image.repository, "tag": "v2.15.1"}
        assert _at(moved, path)["image"]["repository"].startswith("mirror.example.com/all/goharbor/")


@pytest.mark.parametrize(("block", "ports"), [({}, (0, 30003)), ({"insecureHttp": True, "port": 30500}, (30500, 0))])
def test_no_port_is_taken_on_the_nodes_that_only_sends_on_to_another(
    block: dict[str, Any], ports: tuple[int, int]
) -> None:
    opened = values_of(built(block))["expose"]["nodePort"]["ports"]
    assert (opened["http"]["nodePort"], opened["https"]["nodePort"]) == ports


def test_nothing_that_the_chart_is_told_is_null() -> None:
    # The provider leaves it out, and the chart's own default would count.
    for stack in STACKS.values():
        assert not [path for path, value in _leaves(values_of(built(stack))) if value is None]


def test_an_image_on_a_claim_is_never_waited_for_by_two_pods() -> None:
    assert values_of(built({}))["updateStrategy"] == {"type": "Recreate"}
    assert values_of(built(STACKS["in Google's"]))["updateStrategy"] == {"type": "RollingUpdate"}


def test_other_secrets_are_other_pods() -> None:
    database = {"host": "postgresql.example.com", "username": "harbor"}
    one, other = (values_of(built({"database": {**database, "password": sealed(text)}})) for text in ("one", "other"))
    for part in ("core", "jobservice", "registry"):
        assert one[part]["podAnnotations"]["hero/secrets"] != other[part]["podAnnotations"]["hero/secrets"]


def test_another_certificate_is_another_nginx() -> None:
    assert values_of(built({}))["nginx"]["podAnnotations"]["hero/certificate"]
    assert values_of(built({"insecureHttp": True}))["nginx"]["podAnnotations"] == {}


def test_the_registrys_pods_are_handed_what_opens_the_bucket_and_nothing_else() -> None:
    engine = built(STACKS["large, in a bucket"])
    assert values_of(engine)["persistence"]["imageChartStorage"]["s3"]["existingSecret"] == "harbor-storage"
    assert sorted(engine.named("harbor-storage").inputs["stringData"]) == [
        "REGISTRY_STORAGE_S3_ACCESSKEY",
        "REGISTRY_STORAGE_S3_SECRETKEY",
    ]


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


def _at(values: dict[str, Any], path: str) -> dict[str, Any]:
    for step in path.split("."):
        values = values[step]
    return values


def _leaves(value: object, path: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [
            leaf
            for key, each in cast("dict[str, object]", value).items()
            for leaf in _leaves(each, f"{path}.{key}".lstrip("."))
        ]
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [leaf for place, each in enumerate(items) for leaf in _leaves(each, f"{path}[{place}]")]
    return [(path, value)]
