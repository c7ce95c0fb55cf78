"""What the program writes for zot: its configuration, and what it asks of its chart."""

import json
from pathlib import Path
from typing import Any, cast

import jsonschema
import pulumi
import pytest

from tests.contracts import unknown_keys
from tests.unit.configuration import built_from, entries_of, mistakes_in, sealed, write_sources
from tests.unit.graph import Engine
from tools.places import ROOT

CONTRACTS = ROOT / "tests" / "contracts"
DOMAIN = {"domain": "hero.127.0.0.1.nip.io"}
BUCKET = {"bucket": "hero", "region": "eu-central-1"}
CACHE = sealed("redis://:hidden@redis.example.com:6379")
# Everything that zot does, in as few stacks as what excludes another allows.
STACKS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "everything on a claim": {
        "annotations": {"a": "b"},
        "size": "20Gi",
        "storageClass": "fast",
        "dedupe": False,
        "gcDelay": "2h",
        "gcInterval": "24h",
        "retention": [
            {
                "repositories": ["hero/**"],
                "deleteUntagged": False,
                "deleteReferrers": True,
                "keepTags": [
                    {"patterns": ["v.*"], "pulledWithin": "720h", "pushedWithin": "720h"},
                    {"mostRecentlyPulledCount": 10, "mostRecentlyPushedCount": 10},
                ],
            }
        ],
        "immutableTags": True,
        "cve": "24h",
        "scrub": "24h",
        "metrics": True,
        "serviceMonitor": True,
        "mandatoryAnnotations": ["org.opencontainers.image.source"],
        "trust": True,
        "sync": [
            {
                "url": "https://registry.example.com",
                "onDemand": False,
                "every": "6h",
                "content": [{"prefix": "library/**", "destination": "/mirror", "stripPrefix": True, "tags": "v.*"}],
                "insecureSkipVerify": True,
            }
        ],
        "events": [
            {"address": "https://example.com/zot", "timeout": "5s"},
            {"type": "nats", "address": "nats://nats.example.com:4222", "channel": "hero"},
        ],
    },
    "several in a bucket": {
        "s3": {**BUCKET, "endpoint": "https://minio.example.com", "folder": "/hero"},
        "cache": CACHE,
        "replicas": 3,
        "sync": [{"url": "https://registry.example.com"}],
    },
    "one in a bucket of Amazon's": {"s3": BUCKET},
    "as small as can be": {"minimal": True},
    "without a page": {"search": False, "ui": False},
    "behind an ingress": {"expose": "ingress", "ingressClass": "nginx"},
    "behind an ingress without a certificate": {"expose": "ingress", "insecureHttp": True},
    "behind a load balancer": {"expose": "loadBalancer", "certificateIssuer": "letsencrypt"},
    "by http": {"insecureHttp": True},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built(block: dict[str, Any], **config: object) -> Engine:
    """The program itself."""
    stack: dict[str, object] = {
        "hero:registry": "zot",
        "hero:zot": {**DOMAIN, **block},
        **{f"hero:{key}": each for key, each in config.items()},
    }
    assert mistakes_in(entries_of(stack)) == []
    return built_from(stack)


def configuration_of(engine: Engine) -> dict[str, Any]:
    """The config.json that zot reads."""
    return json.loads(engine.named("zot-files").inputs["stringData"]["config.json"])


@pytest.mark.parametrize("stack", STACKS)
def test_the_configuration_is_one_that_zot_knows(stack: str) -> None:
    schema = json.loads((CONTRACTS / "zot-config-schema.json").read_text())
    written = configuration_of(built(STACKS[stack]))
    jsonschema.validate(written, schema)


def test_the_schema_refuses_what_zot_does_not_know() -> None:
    schema = json.loads((CONTRACTS / "zot-config-schema.json").read_text())
    written = configuration_of(built({}))
    written["http"]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate(written, schema)


@pytest.mark.parametrize("stack", STACKS)
def test_every_value_is_known_to_the_chart(stack: str) -> None:
    known = json.loads((CONTRACTS / "zot.json").read_text())
    # Its templates read these, and its defaults do not name them.
    known |= {"securityContext": None}
    assert unknown_keys(built(STACKS[stack]).named("zot-release").inputs["values"], known) == []


def test_nobody_may_do_anything_without_a_login_and_nobody_may_administer() -> None:
    for block in STACKS.values():
        http = configuration_of(built(block))["http"]
        assert http["auth"]["htpasswd"]["path"] == "/etc/zot/htpasswd"
        assert "adminPolicy" not in http["accessControl"]
        for each in http["accessControl"]["repositories"].values():
            assert each["defaultPolicy"] == []
            assert "anonymousPolicy" not in each


def test_the_pusher_pushes_to_heros_repository_alone_and_the_puller_only_pulls() -> None:
    access = configuration_of(built({}, image={"name": "team/hero"}))["http"]["accessControl"]["repositories"]
    pushing = ["read", "create", "update", "detectManifestCollision"]
    ours = [{"users": ["pusher"], "actions": pushing}, {"users": ["puller"], "actions": ["read"]}]
    assert {path: each["policies"] for path, each in access.items()} == {
        "**": [],
        "team/hero": ours,
        "team/hero/**": ours,
    }


def test_a_tag_that_must_not_change_cannot_be_given_to_another_image() -> None:
    access = configuration_of(built({"immutableTags": True}))["http"]["accessControl"]["repositories"]
    assert "update" not in access["hero"]["policies"][0]["actions"]


@pytest.mark.parametrize(("build", "compatible"), [("ko", None), ("docker", ["docker2s2"])])
def test_what_docker_makes_is_taken_only_where_docker_builds(build: str, compatible: list[str] | None) -> None:
    assert configuration_of(built({}, image={"build": build}))["http"].get("compat") == compatible


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_tag_has_left_stays_where_nobody_says_otherwise(stack: str) -> None:
    policies = configuration_of(built(STACKS[stack]))["storage"]["retention"]["policies"]
    # The first one that fits a repository counts, and where none does, zot deletes.
    assert policies[-1] == {"repositories": ["**"], "deleteUntagged": False}
    assert len(policies) == len(STACKS[stack].get("retention", [])) + 1


def test_all_that_zot_reads_is_a_secret_and_the_chart_is_told_none_of_it() -> None:
    engine = built(STACKS["several in a bucket"])
    files = engine.named("zot-files")
    assert "hidden" in files.inputs["stringData"]["config.json"]
    assert any(path.startswith("stringData") for path in files.secrets)
    values = engine.named("zot-release")
    assert "hidden" not in json.dumps(values.inputs)
    assert not values.secrets


def test_other_files_and_another_certificate_are_another_pod() -> None:
    def annotations(block: dict[str, Any]) -> dict[str, str]:
        return built(block).named("zot-release").inputs["values"]["podAnnotations"]

    assert annotations({})["hero/files"] != annotations({"dedupe": False})["hero/files"]
    assert annotations({})["hero/certificate"]
    assert "hero/certificate" not in annotations({"insecureHttp": True})


def test_zot_is_well_and_nodes_know_it_before_the_image_comes() -> None:
    engine = built({})
    assert {"zot-release", "zot-nodes-writer"} <= engine.named("zot-readiness").dependencies
    assert "zot-readiness" in engine.named("hero-image").dependencies


def test_logins_to_mirrors_are_in_a_file_of_their_own() -> None:
    login = {"username": "vfarcic", "password": sealed("hidden")}
    engine = built({"sync": [{"url": "https://registry.example.com/", **login}]})
    files = engine.named("zot-files").inputs["stringData"]
    assert json.loads(files["mirrors.json"]) == {"registry.example.com": {"username": "vfarcic", "password": "hidden"}}
    assert "hidden" not in files["config.json"]
    assert json.loads(files["config.json"])["extensions"]["sync"]["credentialsFile"] == "/etc/zot/mirrors.json"


def test_images_from_elsewhere_are_all_from_there() -> None:
    engine = built({}, cluster={"images": "mirror.example.com/all"})
    assert (
        engine.named("zot-release").inputs["values"]["image"]["repository"] == "mirror.example.com/all/project-zot/zot"
    )
    (container,) = engine.named("zot-nodes-writer").inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"].startswith("mirror.example.com/all/library/busybox:")


@pytest.mark.parametrize(
    ("charts", "chart", "repository"),
    [
        (None, "zot", {"repo": "https://zotregistry.dev/helm-charts"}),
        ("https://charts.example.com", "zot", {"repo": "https://charts.example.com"}),
        ("oci://registry.example.com/charts", "oci://registry.example.com/charts/zot", None),
        ("./packed", "packed/zot-0.1.122.tgz", None),
        ("./unpacked", "unpacked/zot", None),
    ],
)
def test_the_chart_comes_from_where_config_says(
    folder: Path, charts: str | None, chart: str, repository: dict[str, str] | None
) -> None:
    (folder / "packed").mkdir()
    (folder / "packed" / "zot-0.1.122.tgz").touch()
    (folder / "unpacked").mkdir()
    release = built({}, **({"cluster": {"charts": charts}} if charts else {})).named("zot-release").inputs
    assert (release["chart"], release.get("repositoryOpts"), release["version"]) == (chart, repository, "0.1.122")


@pytest.mark.parametrize(("code", "said"), [(0, ""), (1, "the cluster of context kind-hero cannot be reached")])
def test_before_a_release_is_made_what_a_killed_run_left_of_it_is_forgotten(folder: Path, code: int, said: str) -> None:
    plugin = folder / "bin" / "pulumi-resource-hero-home"
    plugin.parent.mkdir()
    plugin.write_text(f'#!/bin/sh\necho "$@" > asked\necho "error: {said}" >&2\nexit {code}\n')
    plugin.chmod(0o755)
    (hook,) = built({}, cluster={"context": "kind-hero"}).hooks
    nothing = cast("Any", None)
    if code:
        with pytest.raises(pulumi.RunError, match=f"^{said}$"):
            hook.callback(nothing)
    else:
        hook.callback(nothing)
    assert (folder / "asked").read_text() == "forget-release  kind-hero hero-dev-zot zot\n"


def test_before_a_release_is_updated_a_pending_revision_is_discarded(folder: Path) -> None:
    plugin = folder / "bin" / "pulumi-resource-hero-home"
    plugin.parent.mkdir()
    plugin.write_text('#!/bin/sh\necho "$@" > asked\n')
    plugin.chmod(0o755)
    (hook,) = built({}, cluster={"context": "kind-hero", "patience": 90}).hooks
    hook.callback(pulumi.ResourceHookArgs("urn", "hero-dev-zot/zot", "zot-release", "kubernetes:helm.sh/v3:Release"))
    assert (folder / "asked").read_text() == "discard-pending  kind-hero hero-dev-zot zot 90\n"


def test_the_description_of_a_release_is_the_checksum_of_its_values() -> None:
    one, same, other = (built({"port": port}).named("zot-release") for port in (30500, 30500, 30501))
    assert one.inputs["description"] == same.inputs["description"] != other.inputs["description"]
