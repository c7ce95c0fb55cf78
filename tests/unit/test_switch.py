"""What the program says of Hero's home, so that the plugin can bring everything along to another one."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.configuration import built_from, sealed, write_sources

CLUSTER = {"domain": "hero.10.0.0.1.nip.io"}
HUB = {"namespace": "vfarcic", "username": "vfarcic", "token": sealed("a-token")}
BUCKET = {"bucket": "hero", "region": "eu-central-1"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def home(registry: str, **config: object) -> dict[str, Any]:
    """What the program says of the home."""
    return (
        built_from({"hero:registry": registry, **{f"hero:{key}": value for key, value in config.items()}})
        .named("home")
        .inputs
    )


def test_the_home_is_where_the_pusher_pushes() -> None:
    assert home("embedded", image={"tags": ["v1", "latest"]}) == {
        "registry": "embedded",
        "repository": "127.0.0.1:5001/hero",
        "username": "pusher",
        "password": "the pusher's password",
        "identityKey": "the registry's identity key",
        "caCertificate": "",
        "plainHttp": False,
        "tags": ["v1", "latest"],
        "keepsImages": False,
        "copy": "all",
        "discard": False,
        "mirrors": [],
        "directory": ".hero/dev/registry",
    }


def test_what_comes_along_is_as_config_says() -> None:
    said = home("embedded", switch={"copy": "current", "discard": True})
    assert (said["copy"], said["discard"]) == ("current", True)


def test_dragonfly_keeps_nothing_so_the_home_is_what_is_behind_it() -> None:
    behind = home("dragonfly", dragonfly={"origin": "zot"}, zot=CLUSTER)
    assert behind["registry"] == "zot"
    assert behind == home("zot", zot=CLUSTER)


@pytest.mark.parametrize(
    ("registry", "block", "keeps"),
    [
        ("embedded", {}, False),
        ("embedded", {"keepData": True}, True),
        ("dockerhub", HUB, True),
        ("dockerhub", {**HUB, "keepData": False}, False),
        ("dockerhub", {**HUB, "keepData": False, "server": "registry.example.com", "pullerToken": sealed("b")}, True),
        ("zot", CLUSTER, True),
        ("zot", {**CLUSTER, "keepData": False}, False),
        ("zot", {**CLUSTER, "keepData": False, "s3": BUCKET}, True),
        ("harbor", {**CLUSTER, "keepData": False}, False),
        ("harbor", CLUSTER, True),
    ],
)
def test_whether_the_images_outlive_the_registry(registry: str, block: dict[str, object], *, keeps: bool) -> None:
    assert home(registry, **{registry: block})["keepsImages"] is keeps


def test_the_stacks_own_tags_are_those_of_the_nydus_form_too() -> None:
    image = {"tags": ["v1", "latest"], "nydus": True}
    assert home("embedded", image=image)["tags"] == ["v1", "latest", "v1-nydus", "latest-nydus"]
