"""What the program asks of Harbor's chart and of the cluster."""

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from components.kubernetes.charts import HARBOR_IMAGES, SHELL_IMAGE
from tests.contracts import unknown_keys
from tests.unit.configuration import sealed, write_sources
from tests.unit.harbor import STACKS, built, values_of
from tools.places import ROOT

CONTRACTS = ROOT / "tests" / "contracts"
BUCKET = {"bucket": "hero", "region": "eu-central-1"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def test_all_ten_images_are_pinned_and_all_come_from_where_config_says() -> None:
    plain, moved = values_of(built({})), values_of(built({}, cluster={"images": "mirror.example.com/all"}))
    assert len(HARBOR_IMAGES) == 10
    for path, image in HARBOR_IMAGES.items():
        assert _at(plain, path)["image"] == {"repository": image.repository, "tag": "v2.15.1"}
        assert _at(moved, path)["image"]["repository"].startswith("mirror.example.com/all/goharbor/")


def test_the_job_service_starts_when_core_answers_and_not_before() -> None:
    [waiting] = values_of(built({}))["jobservice"]["initContainers"]
    assert "until timeout 5 wget -q -O /dev/null http://harbor-core/api/v2.0/ping;" in waiting["command"][-1]
    assert waiting["image"] == str(SHELL_IMAGE)
    [moved] = values_of(built({}, cluster={"images": "mirror.example.com/all"}))["jobservice"]["initContainers"]
    assert moved["image"] == "mirror.example.com/all/library/busybox:1.37.0"


def test_a_part_is_seen_to_be_ready_soon_and_has_as_long_as_the_chart_gives_it() -> None:
    values = values_of(built({}))
    for path in HARBOR_IMAGES:
        looks = _at(values, path)["readinessProbe"]
        assert looks["initialDelaySeconds"] + looks["periodSeconds"] <= 3
        # The chart's own: 3 times, each ten seconds.
        assert looks["periodSeconds"] * looks["failureThreshold"] == 10 * 3
    start = values["core"]["startupProbe"]
    # The chart's own: 360 times, each ten seconds.
    assert start["periodSeconds"] * start["failureThreshold"] == 10 * 360


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


def test_several_replicas_claim_for_the_scanner_what_one_does() -> None:
    # A StatefulSet that is there refuses to claim in another way.
    one, several = (built({"s3": BUCKET, "replicas": count}) for count in (1, 3))
    claims = [values_of(engine)["persistence"]["persistentVolumeClaim"]["trivy"] for engine in (one, several)]
    assert claims == [{"existingClaim": "harbor-lists"}] * 2
    assert "harbor-lists-claim" in several.types()
    assert values_of(several)["core"]["replicas"] == 3
    assert "replicas" not in values_of(several)["trivy"]


@pytest.mark.parametrize("nodes", [True, False])
def test_only_a_namespace_that_reaches_into_nodes_may_do_so(nodes: bool) -> None:  # noqa: FBT001 - the value itself
    labels = {"pod-security.kubernetes.io/enforce": "privileged"} if nodes else None
    assert built({"nodes": nodes}).named("harbor-namespace").inputs["metadata"].get("labels") == labels


def test_nodes_of_linux_are_told_and_none_that_is_down_keeps_the_others_from_it() -> None:
    written = built({}).named("harbor-nodes-writer").inputs["spec"]
    assert written["template"]["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert written["updateStrategy"] == {"rollingUpdate": {"maxUnavailable": "100%"}}


def test_commands_on_the_page_are_for_the_namespace_that_a_stack_has() -> None:
    page = (ROOT / "docs" / "harbor.md").read_text()
    assert set(re.findall(r"(?:--namespace|create namespace) (\S+)", page)) == {"hero-mine-harbor"}
    assert built({}).named("harbor-namespace").inputs["metadata"]["name"] == "hero-dev-harbor"


def test_other_secrets_are_other_pods() -> None:
    database = {"host": "postgresql.example.com", "username": "harbor"}
    one, other = (values_of(built({"database": {**database, "password": sealed(text)}})) for text in ("one", "other"))
    for part in ("core", "jobservice", "registry", "exporter", "trivy"):
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
