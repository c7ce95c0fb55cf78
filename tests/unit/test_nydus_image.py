"""The image's form for Nydus: what is asked for, of whom, and after what."""

from pathlib import Path

import pytest

from tests.unit.configuration import built_from, write_sources
from tests.unit.graph import NYDUS_DIGEST, Engine


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_program(**image: object) -> Engine:
    """The program itself, with the embedded registry."""
    return built_from({"hero:image": image})


@pytest.mark.parametrize("said", [{}, {"nydus": False}, {"nydus": "false"}])
def test_without_a_word_there_is_none(said: dict[str, object]) -> None:
    engine = run_program(**said)
    assert "hero-nydus" not in engine.types()
    assert "nydusImage" not in engine.exported


@pytest.mark.parametrize(("said", "merged"), [(True, False), ("true", False), ("merged", True)])
def test_it_is_made_of_the_image_by_whoever_pushes(said: object, *, merged: bool) -> None:
    engine = run_program(name="team/hero", tags=["v1", "latest"], nydus=said, nydusPrefetch=["/ko-app/hero"])
    made = engine.named("hero-nydus")
    assert made.type == "hero-home:provider:NydusImage"
    assert made.parent == "hero"
    assert made.inputs == {
        "repository": "127.0.0.1:5001/team/hero",
        "tags": ["v1", "latest"],
        "digest": engine.exported["digest"],
        "merged": merged,
        "prefetch": ["/ko-app/hero"],
        "username": "pusher",
        "password": "the pusher's password",
        "identityKey": "the registry's identity key",
        "caCertificate": "",
        "plainHttp": False,
        "home": "storage-1",
        "keep": False,
    }
    assert made.secrets == {"password", "identityKey"}


def test_its_tags_are_kept_where_images_are() -> None:
    engine = built_from({"hero:image": {"nydus": True}, "hero:embedded": {"keepData": True}})
    assert engine.named("hero-nydus").inputs["keep"] is True


def test_it_waits_for_the_registry_and_the_image() -> None:
    dependencies = run_program(nydus=True).named("hero-nydus").dependencies
    assert {"embedded-process", "hero-image"} <= dependencies


def test_its_digest_is_told() -> None:
    engine = run_program(nydus=True)
    assert engine.exported["nydusImage"] == f"127.0.0.1:5001/hero@{NYDUS_DIGEST}"
    assert "nydusImage" not in engine.exported_secrets
    assert engine.finished["hero"]["nydusImage"] == engine.exported["nydusImage"]


def test_what_lives_from_it_goes_before_it() -> None:
    engine = built_from({"hero:image": {"nydus": True}, "hero:nydus": {"snapshotter": True}})
    (namespace,) = [made for made in engine.made if made.name == "nydus-namespace"]
    assert "hero-nydus" in namespace.dependencies
