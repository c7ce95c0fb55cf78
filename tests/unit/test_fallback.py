"""What nodes are told of the registries that they ask where Hero's home does not answer."""

import base64
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.fallback import table
from tests.unit.configuration import built_from, entries_of, mistakes_in, sealed, write_sources
from tests.unit.graph import Engine

ZOT = {"domain": "zot.10.0.0.1.nip.io"}
HARBOR = {"domain": "harbor.10.0.0.1.nip.io"}
HUB = {"namespace": "vfarcic", "username": "vfarcic", "token": sealed("a-token")}
ELSEWHERE = {**HUB, "server": "registry.example.com", "pullerToken": sealed("their-puller")}
BLOCKS: dict[str, object] = {"zot": ZOT, "harbor": HARBOR, "dockerhub": HUB}
PULL = ["pull", "resolve"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(registry: str, *mirrors: str, logins: bool = False, **blocks: object) -> dict[str, object]:
    """Of a stack with this home and these mirrors, which nodes ask."""
    told = {"fallback": {"nodes": True, "logins": logins}, **BLOCKS, **blocks}
    return {"hero:registry": registry, "hero:mirrors": [*mirrors], **{f"hero:{key}": told[key] for key in told}}


def files(engine: Engine) -> dict[str, str]:
    """What each node is told, by file."""
    return engine.named("fallback-told").inputs["stringData"]


def behind(engine: Engine) -> dict[str, dict[str, Any]]:
    """What is put behind what is there, host by host."""
    return tomllib.loads(files(engine)["mirrors.behind"])["host"]


def test_without_a_word_no_node_is_touched() -> None:
    engine = built_from({"hero:registry": "harbor", "hero:mirrors": ["zot"], "hero:zot": ZOT, "hero:harbor": HARBOR})
    assert not [name for name in engine.types() if name.startswith("fallback")]


def test_mirrors_are_asked_in_their_order_each_with_its_certificate() -> None:
    engine = built_from(config("embedded", "harbor", "zot"))
    assert list(behind(engine).items()) == [
        (
            # Before the path of the image at home, Harbor has its project.
            "https://harbor.10.0.0.1.nip.io:30003/v2/hero",
            {"capabilities": PULL, "override_path": True, "ca": "hero-dev-fallback.harbor.crt"},
        ),
        ("https://zot.10.0.0.1.nip.io:30500", {"capabilities": PULL, "ca": "hero-dev-fallback.zot.crt"}),
    ]
    assert files(engine)["harbor.crt"] == files(engine)["zot.crt"] == "a certificate"


def test_the_home_is_asked_first() -> None:
    for home, url, authority in (
        ("zot", "https://zot.10.0.0.1.nip.io:30500", True),
        ("embedded", "http://127.0.0.1:5001", False),
        ("dockerhub", "https://registry-1.docker.io", False),
    ):
        engine = built_from(config(home, "harbor"))
        ca = {"ca": "hero-dev-fallback.ca.crt"} if authority else {}
        written = tomllib.loads(files(engine)["hosts.toml"] + files(engine)["mirrors.behind"])
        assert written["server"] == url
        assert next(iter(written["host"].items())) == (url, {"capabilities": PULL, **ca})
        assert files(engine)["ca.crt"] == ("a certificate" if authority else "")


def test_the_file_is_that_of_the_homes_address() -> None:
    engine = built_from(config("dragonfly", "harbor", dragonfly={"origin": "zot"}))
    (container,) = engine.named("fallback-writer").inputs["spec"]["template"]["spec"]["containers"]
    assert {each["name"]: each["value"] for each in container["env"]} == {
        "REGISTRY": "zot.10.0.0.1.nip.io:30500",
        "PART": "hero-dev-fallback",
    }


def test_passwords_are_on_nodes_only_where_config_says_so() -> None:
    quiet, told = (built_from(config("embedded", "zot", "harbor", logins=logins)) for logins in (False, True))
    assert "header" not in files(quiet)["mirrors.behind"]
    assert {
        host: base64.b64decode(each["header"]["authorization"].removeprefix("Basic ")).decode()
        for host, each in behind(told).items()
    } == {
        "https://zot.10.0.0.1.nip.io:30500": "puller:a password",
        "https://harbor.10.0.0.1.nip.io:30003/v2/hero": "robot$hero+puller:a password",
    }
    secret = told.named("fallback-told")
    assert (secret.type, secret.secrets) == ("kubernetes:core/v1:Secret", {"stringData"})
    for made in told.made:
        if made.parent == "fallback" and made.name != "fallback-told":
            assert "a password" not in json.dumps(made.inputs)
            assert not made.secrets - {"password"}, "the rest can be read in a preview"


def test_the_hub_takes_no_login_itself() -> None:
    assert "authorization" not in table("https://registry-1.docker.io", "", "", ["vfarcic", "a-token"])
    assert "authorization" in table("https://registry.example.com", "", "", ["vfarcic", "a-token"])


def test_nodes_hear_of_mirrors_once_the_image_is_there() -> None:
    engine = built_from(config("embedded", "zot", "harbor"))
    assert {"hero-zot-copy", "hero-harbor-copy", "embedded-process"} <= before(engine, "fallback-namespace")
    assert {"fallback-namespace", "fallback-told", "fallback-writer"} <= before(engine, "fallback-readiness")


def before(engine: Engine, name: str) -> set[str]:
    """All that a resource depends on, and all that those depend on."""
    found: set[str] = set()
    for each in engine.named(name).dependencies:
        found |= {each} | before(engine, each)
    return found


def test_what_nodes_are_told_rolls_their_pods() -> None:
    def annotation(engine: Engine) -> str:
        return engine.named("fallback-writer").inputs["spec"]["template"]["metadata"]["annotations"]["hero/told"]

    assert annotation(built_from(config("embedded", "zot"))) != annotation(built_from(config("embedded", "harbor")))


def test_a_mirror_that_leads_each_node_to_itself_is_left_out() -> None:
    assert [*behind(built_from(config("harbor", "embedded", "zot")))] == ["https://zot.10.0.0.1.nip.io:30500"]


def told(entries: dict[str, object]) -> dict[str, str]:
    """What is wrong, by its place."""
    found = mistakes_in(entries_of(entries))
    assert all(mistake.mend == "./pulumiw config set --stack dev --path hero:fallback.nodes false" for mistake in found)
    return {mistake.path: mistake.problem for mistake in found}


def test_there_is_somebody_to_ask() -> None:
    nobody = {"hero:fallback.nodes": "there is no mirror that every node reaches"}
    assert told(config("zot", "embedded")) == nobody
    assert told(config("zot")) == nobody


def test_a_path_that_a_node_cannot_ask_for_is_refused() -> None:
    problem = "nodes would ask dockerhub for hero/hero, and there it is vfarcic/hero"
    assert told(config("harbor", "dockerhub")) == {"hero:fallback.nodes": problem}
    assert told(config("harbor", "dockerhub", harbor={**HARBOR, "project": {"name": "vfarcic"}})) == {}
    assert told(config("harbor", "dockerhub", dockerhub=ELSEWHERE)) == {}


def test_a_login_that_nobody_uses_is_refused() -> None:
    entries = entries_of({"hero:fallback": {"logins": True}})
    assert [(mistake.path, mistake.problem) for mistake in mistakes_in(entries)] == [
        ("hero:fallback.logins", "true: no node asks a mirror")
    ]
