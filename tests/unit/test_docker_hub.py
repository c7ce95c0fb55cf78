"""Docker Hub as a choice: what a stack may say of it, what that makes, and where the puller's login is planted."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.configuration import built_from, entries_of, mistakes_in, sealed, write_sources
from tests.unit.graph import Engine

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT: dict[str, Any] = {"namespace": "vfarcic", "token": sealed("the-administrators-token")}
THEIRS = {"pusherToken": sealed("a-token-that-pushes"), "pullerToken": sealed("a-token-that-pulls")}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(block: dict[str, Any], **others: object) -> dict[str, object]:
    """A stack that has chosen the Hub."""
    return {
        "hero:registry": "dockerhub",
        "hero:dockerhub": block,
        **{f"hero:{key}": each for key, each in others.items()},
    }


def run_program(block: dict[str, Any], **others: object) -> Engine:
    """The program itself."""
    return built_from(config(block, **others))


def problems(block: dict[str, Any], **others: object) -> dict[str, str]:
    """What is wrong, by its path."""
    return {mistake.path: mistake.problem for mistake in mistakes_in(entries_of(config(block, **others)))}


def test_an_account_is_all_that_is_asked_for() -> None:
    assert problems({}) == {"hero:dockerhub.namespace": "missing", "hero:dockerhub.token": "missing"}
    assert problems(ACCOUNT) == {}


def test_the_ready_made_stack_asks_for_an_account_and_nothing_else() -> None:
    there = yaml.safe_load((ROOT / "Pulumi.dockerhub.yaml").read_text())["config"]
    assert there["hero:registry"] == "dockerhub"
    assert {mistake.path: mistake.problem for mistake in mistakes_in(entries_of(there))} == problems({})
    engine = built_from({**there, "hero:dockerhub": {**there["hero:dockerhub"], **ACCOUNT}})
    assert engine.named("dockerhub-repository").inputs["private"] is True
    assert engine.named("dockerhub-repository").inputs["keepData"] is True


def test_guide_of_docker_hub_has_every_section() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "docker-hub.md").read_text(), re.MULTILINE)
    wanted = ["Quick start", "Rotate credentials", "Destroy", "What it creates", "Troubleshooting", "Reference"]
    assert [each for each in headings if each in wanted] == wanted


def test_whoever_chooses_something_else_is_asked_for_nothing() -> None:
    assert mistakes_in(entries_of({"hero:dockerhub": {}})) == []


def test_a_token_in_clear_is_refused_and_not_repeated() -> None:
    (mistake,) = mistakes_in(entries_of(config({"namespace": "vfarcic", "token": "dckr_pat_in_clear"})))
    assert mistake.path == "hero:dockerhub.token"
    assert mistake.problem == "stands in clear in the stack's file"
    assert mistake.mend == "./pulumiw config set --stack dev --secret --path hero:dockerhub.token"
    assert "dckr_pat_in_clear" not in mistake.told()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("namespace", "V Farcic"),
        ("server", "https://registry.example.com"),
        ("server", "registry.example.com/hero"),
        ("caCertificate", "./gone.pem"),
        ("caCertificate", "notes.txt"),
        ("description", "x" * 101),
        ("overview", "gone.md"),
        ("overview", "huge.md"),
        ("server", "registry"),
        ("private", "maybe"),
    ],
)
def test_what_the_hub_would_not_take_is_told_before(folder: Path, key: str, value: object) -> None:
    (folder / "huge.md").write_text("x" * 25_001)
    assert f"hero:dockerhub.{key}" in {path.partition("[")[0] for path in problems({**ACCOUNT, **THEIRS, key: value})}


def test_another_server_needs_somebody_who_pulls() -> None:
    elsewhere = {**ACCOUNT, "server": "registry.example.com:5000"}
    assert problems(elsewhere) == {"hero:dockerhub.pullerToken": "missing: no token can be made at another server"}
    assert problems({**elsewhere, **THEIRS}) == {}


def test_what_is_wrong_is_told_though_the_block_is_secret() -> None:
    assert problems({**ACCOUNT, "namespace": "V Farcic", "private": "maybe", "overview": "gone.md"}) == {
        "hero:dockerhub.namespace": "[secret]: not a namespace",
        "hero:dockerhub.overview": "[secret]: there is no such file",
        "hero:dockerhub.private": "[secret]: input should be a valid boolean, unable to interpret input",
    }


def test_a_token_in_clear_beside_one_that_is_not_is_refused_too(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text(
        "config:\n  hero:dockerhub:\n    token: in-clear\n    pullerToken:\n      secure: v1:x:y\n"
    )
    block = {"namespace": "vfarcic", "token": "in-clear", "pullerToken": sealed("a-token-that-pulls")}
    assert problems(block) == {"hero:dockerhub.token": "stands in clear in the stack's file"}


@pytest.mark.parametrize("key", ["caCertificate", "pusherUsername", "pullerUsername"])
def test_what_nothing_would_read_is_told(key: str) -> None:
    assert list(problems({**ACCOUNT, key: "ca.pem"})) == [f"hero:dockerhub.{key}"]


def test_another_server_takes_names_of_any_number_of_levels() -> None:
    elsewhere = {**ACCOUNT, **THEIRS, "server": "registry.example.com:5000", "namespace": "group/team"}
    assert problems(elsewhere, image={"name": "hero/server"}) == {}


def test_an_image_has_one_level_there() -> None:
    assert problems(ACCOUNT, image={"name": "team/hero"}) == {"hero:image.name": "dockerhub has no place for this name"}


def test_a_repository_and_two_narrow_tokens_are_made() -> None:
    engine = run_program({**ACCOUNT, "rotate": "2", "immutableTags": ["v.*"]})
    assert engine.types() == {
        "dockerhub": "hero:registry:DockerHub",
        "dockerhub-repository": "hero-home:provider:DockerHubRepository",
        "dockerhub-pusher-token": "hero-home:provider:DockerHubToken",
        "dockerhub-puller-token": "hero-home:provider:DockerHubToken",
        "home": "hero-home:provider:Home",
        "storage-guard": "hero-home:provider:StorageGuard",
        "hero": "hero:image:HeroImage",
        "hero-image": "hero-home:provider:Image",
    }
    repository = engine.named("dockerhub-repository")
    assert repository.secrets == {"token"}
    assert repository.inputs == {
        "api": "https://hub.docker.com",
        "username": "vfarcic",
        "token": "the-administrators-token",
        "namespace": "vfarcic",
        "name": "hero",
        "description": "Hero",
        "overview": "# Hero\n",
        "private": True,
        "immutableTags": ["v.*"],
        "keepData": True,
        "tags": ["latest"],
        "discard": False,
    }
    for role, scopes in (("pusher", ["repo:write"]), ("puller", ["repo:read"])):
        token = engine.named(f"dockerhub-{role}-token")
        assert token.inputs["scopes"] == scopes
        assert token.inputs["generation"] == "2"
        assert token.inputs["label"] == f"hero/dev {role} of vfarcic/hero"
        assert token.secrets == {"token"}


def test_hero_is_pushed_with_the_token_that_pushes() -> None:
    image = run_program(ACCOUNT).named("hero-image")
    assert image.inputs["repository"] == "docker.io/vfarcic/hero"
    assert image.inputs["username"] == "vfarcic"
    assert image.inputs["password"] == "the token of hero/dev pusher of vfarcic/hero"
    assert "password" in image.secrets


def test_tokens_that_are_given_are_taken() -> None:
    engine = run_program({**ACCOUNT, **THEIRS, "pusherUsername": "ci", "pullerUsername": "cluster"})
    assert not [made for made in engine.made if made.type.endswith("DockerHubToken")]
    assert engine.named("hero-image").inputs["username"] == "ci"
    assert engine.named("hero-image").inputs["password"] == "a-token-that-pushes"
    assert engine.exported["pullerUsername"] == "cluster"
    assert engine.exported["pullerPassword"] == "a-token-that-pulls"
    assert {"pusherPassword", "pullerPassword"} <= engine.exported_secrets


def test_another_server_is_only_pushed_to() -> None:
    block = {**ACCOUNT, "server": "registry.example.com:5000", "pullerToken": THEIRS["pullerToken"]}
    engine = run_program({**block, "caCertificate": "ca.pem"})
    assert engine.types() == {
        "dockerhub": "hero:registry:DockerHub",
        "home": "hero-home:provider:Home",
        "storage-guard": "hero-home:provider:StorageGuard",
        "hero": "hero:image:HeroImage",
        "hero-image": "hero-home:provider:Image",
    }
    image = engine.named("hero-image").inputs
    assert image["repository"] == "registry.example.com:5000/vfarcic/hero"
    assert image["password"] == "the-administrators-token"
    assert image["caCertificate"] == "-----BEGIN CERTIFICATE-----\n"


def test_docker_logs_in_where_it_keeps_logins_to_the_hub() -> None:
    build = run_program(ACCOUNT, image={"build": "docker"}).named("hero-build")
    assert build.inputs["imageName"] == "docker.io/vfarcic/hero:latest"
    assert build.inputs["registry"]["server"] == "https://index.docker.io/v1/"


def test_the_pullers_login_is_planted_in_every_namespace() -> None:
    engine = run_program(
        {**ACCOUNT, **THEIRS}, pullSecrets={"namespaces": ["default", "team"]}, cluster={"context": "kind-hero"}
    )
    for namespace in ("default", "team"):
        planted = engine.named(f"pull-secrets-{namespace}")
        assert planted.type == "kubernetes:core/v1:Secret"
        assert planted.inputs["type"] == "kubernetes.io/dockerconfigjson"
        assert planted.inputs["metadata"] == {"name": "hero-dev-pull", "namespace": namespace}
        logins = json.loads(planted.inputs["stringData"][".dockerconfigjson"])["auths"]
        login = {
            "username": "vfarcic",
            "password": "a-token-that-pulls",
            "auth": base64.b64encode(b"vfarcic:a-token-that-pulls").decode(),
        }
        # What reads logins for Nydus knows the Hub by the name that images begin with.
        assert logins == {"https://index.docker.io/v1/": login, "docker.io": login}
        assert any(path.startswith("stringData") for path in planted.secrets)
        assert "dockerhub-repository" in planted.dependencies
    assert engine.named("pull-secrets-cluster").inputs["context"] == "kind-hero"


def test_webhooks_come_after_the_digest_and_keep_their_secrets() -> None:
    hooks = {"webhooks": ["https://example.com/hero?key=1"], "webhookSecret": sealed("signed with this")}
    engine = run_program(ACCOUNT, image=hooks)
    (called,) = [made for made in engine.made if made.type.endswith("Webhook")]
    assert called.inputs["digest"] == engine.exported["digest"]
    assert called.secrets == {"url", "secret"}
    assert "hero-image" in called.dependencies
