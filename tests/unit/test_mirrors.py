"""What the program asks the engine to make of further registries that keep the image too."""

import base64
import json
from pathlib import Path

import pytest

from tests.unit.configuration import built_from, entries_of, mistakes_in, sealed, write_sources
from tests.unit.graph import NYDUS_DIGEST, Engine

ZOT = {"domain": "zot.10.0.0.1.nip.io"}
HARBOR = {"domain": "harbor.10.0.0.1.nip.io"}
HUB = {"namespace": "vfarcic", "username": "vfarcic", "token": sealed("a-token")}
BLOCKS: dict[str, object] = {"hero:zot": ZOT, "hero:harbor": HARBOR, "hero:dockerhub": HUB}
COPY = "hero-home:provider:ImageCopy"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_program(registry: str, *mirrors: str, **config: object) -> Engine:
    """The program itself, where these are the further registries."""
    others = {f"hero:{key}": value for key, value in config.items()}
    return built_from({"hero:registry": registry, "hero:mirrors": [*mirrors], **BLOCKS, **others})


def test_without_mirrors_nothing_is_copied() -> None:
    assert COPY not in run_program("embedded").types().values()


def test_every_mirror_is_built_as_if_it_were_the_choice() -> None:
    engine = run_program("zot", "embedded", "harbor")
    for choice in ("embedded", "harbor"):
        alone = run_program(choice)
        # The path in it, and what follows from that, is the one at home.
        assert {name: engine.types()[name] for name in alone.below(choice)} == {
            name: alone.types()[name] for name in alone.below(choice)
        }


def test_what_mirrors_hold_is_told() -> None:
    exported = run_program("zot", "embedded", "harbor").exported
    digest = exported["digest"]
    assert exported["registry"] == "zot"
    assert exported["mirrors"] == [
        f"127.0.0.1:5001/hero@{digest}",
        f"harbor.10.0.0.1.nip.io:30003/hero/hero@{digest}",
    ]


def test_the_home_knows_which_registries_stay() -> None:
    assert run_program("zot", "embedded", "harbor").named("home").inputs["mirrors"] == ["embedded", "harbor"]


def test_the_image_is_copied_by_those_who_may_push() -> None:
    engine = run_program("zot", "embedded", image={"tags": ["v1", "latest"]})
    copied = engine.named("hero-embedded-copy")
    assert copied.inputs == {
        "registry": "embedded",
        "repository": "127.0.0.1:5001/hero",
        "username": "pusher",
        "password": "the pusher's password",
        "identityKey": "the registry's identity key",
        "caCertificate": "",
        "plainHttp": False,
        "source": {
            "repository": "zot.10.0.0.1.nip.io:30500/hero",
            "username": "pusher",
            "password": "a password",
            "caCertificate": "a certificate",
            "plainHttp": False,
        },
        "images": [{"digest": engine.exported["digest"], "tags": ["v1", "latest"]}],
        "sbom": False,
        "home": "storage-1",
    }
    assert {"password", "source"} <= copied.secrets


def test_the_form_for_nydus_is_copied_too() -> None:
    images = run_program("zot", "embedded", image={"nydus": True}).named("hero-embedded-copy").inputs["images"]
    assert images[1:] == [{"digest": NYDUS_DIGEST, "tags": ["latest-nydus"]}]


def test_a_copy_waits_for_the_image_and_for_its_registry() -> None:
    waits = run_program("embedded", "zot", image={"nydus": True}).named("hero-zot-copy").dependencies
    assert {"zot-readiness", "hero-image", "hero-nydus"} <= waits


def test_a_mirror_looks_at_the_image_before_others_hear_of_it() -> None:
    engine = run_program("zot", "harbor", harbor={**HARBOR, "scan": {"block": "high"}})
    scan = engine.named("hero-harbor-scan")
    assert (scan.type, scan.parent) == ("hero-home:provider:HarborScan", "hero-harbor")
    assert scan.inputs["digest"] == engine.exported["digest"]


@pytest.mark.parametrize(
    ("home", "mirror", "path"),
    [
        ("embedded", "zot", "zot.10.0.0.1.nip.io:30500/hero"),
        ("dockerhub", "embedded", "127.0.0.1:5001/vfarcic/hero"),
        ("dockerhub", "zot", "zot.10.0.0.1.nip.io:30500/vfarcic/hero"),
        ("harbor", "zot", "zot.10.0.0.1.nip.io:30500/hero/hero"),
        ("dragonfly", "embedded", "127.0.0.1:5001/hero/hero"),
        # The Hub has one level.
        ("embedded", "dockerhub", "docker.io/vfarcic/hero"),
        ("zot", "harbor", "harbor.10.0.0.1.nip.io:30003/hero/hero"),
    ],
)
def test_the_image_has_the_path_that_it_has_at_home(home: str, mirror: str, path: str) -> None:
    engine = run_program(home, mirror, dragonfly={"origin": "harbor"})
    assert engine.named(f"hero-{mirror}-copy").inputs["repository"] == path


def test_pods_log_in_wherever_the_image_is() -> None:
    engine = run_program("zot", "embedded", "dockerhub", pullSecrets={"namespaces": ["default"]})
    secret = engine.named("pull-secrets-default")
    auths = json.loads(secret.inputs["stringData"][".dockerconfigjson"])["auths"]
    assert {host: base64.b64decode(login["auth"]).decode() for host, login in auths.items()} == {
        "zot.10.0.0.1.nip.io:30500": "puller:a password",
        "127.0.0.1:5001": "puller:the puller's password",
        "https://index.docker.io/v1/": "vfarcic:the token of hero/dev puller of vfarcic/hero",
        "docker.io": "vfarcic:the token of hero/dev puller of vfarcic/hero",
    }
    assert {"zot-readiness", "embedded-process", "dockerhub-puller-token"} <= secret.dependencies


def told(**config: object) -> dict[str, str]:
    """What is wrong, by its place."""
    entries = entries_of({**BLOCKS, **{f"hero:{key}": value for key, value in config.items()}}, secret=False)
    return {mistake.path: mistake.problem for mistake in mistakes_in(entries) if "mirrors" in mistake.path}


def test_the_home_is_no_mirror_of_itself() -> None:
    assert told(mirrors=["embedded", "zot"]) == {"hero:mirrors[0]": "embedded is Hero's home already"}
    assert told(registry="dragonfly", dragonfly={"origin": "zot"}, mirrors=["zot"]) == {
        "hero:mirrors[0]": "zot is Hero's home already"
    }


def test_a_mirror_is_there_once() -> None:
    assert told(mirrors=["zot", "zot"]) == {"hero:mirrors[1]": '"zot" is there twice'}


def test_a_mirror_is_asked_for_what_it_needs() -> None:
    entries = entries_of({"hero:mirrors": ["zot"]})
    assert [(mistake.path, mistake.problem) for mistake in mistakes_in(entries)] == [("hero:zot.domain", "missing")]


def test_an_image_has_as_many_levels_as_every_mirror_takes() -> None:
    entries = entries_of({"hero:image": {"name": "team/hero"}, "hero:mirrors": ["dockerhub"], **BLOCKS}, secret=True)
    assert "hero:image.name" in {mistake.path for mistake in mistakes_in(entries)}
