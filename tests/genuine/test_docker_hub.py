"""`build: docker` and `build: existing` to Docker Hub, with the genuine docker plugin and a Docker engine.

Played is the Hub alone, by HTTP servers at its own names: see tests/embedded/hub.py. Everything else is what a user
has, and the program is not changed in a word.
"""

import dataclasses
import importlib.metadata
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.checkout import Checkout, new_checkout
from tests.embedded.hub import NAMESPACE, Hub
from tests.embedded.hub_stack import configure, seen_while
from tests.embedded.sboms import documents_of, versions_in
from tests.engine.plugins import SDKS, genuine_plugins
from tests.genuine.docker_engine import DockerEngine, new_docker_engine, why_not
from tools.go import ensure_go
from tools.packages import ensure_packages
from tools.provide import provide

KEY = "https://index.docker.io/v1/"
FROM_NOTHING = 'FROM scratch\nCOPY hero.static /hero\nENTRYPOINT ["/hero"]\n'
TAGS = ("v0.0.1", "latest")


@pytest.fixture(scope="module")
def engine() -> Generator[DockerEngine]:
    """An engine, or a word why there is none."""
    if reason := why_not():
        pytest.skip(reason)
    with new_docker_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def behind(engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """The checkout whose embedded registry is the Hub's."""
    del engine
    with new_checkout(tmp_path_factory.mktemp("behind")) as checkout:
        checkout.up()
        yield checkout


@pytest.fixture
def hub(engine: DockerEngine, behind: Checkout) -> Generator[Hub]:
    """Docker Hub, for whoever is on the engine's machine."""
    told = behind.outputs()
    login = (told["pusherUsername"], told["pusherPassword"])
    with Hub(told["address"], login).open_at_its_names(engine.hub, engine.trusted) as hub:
        yield hub


@pytest.fixture
def checkout(tmp_path: Path, engine: DockerEngine, hub: Hub) -> Generator[Checkout]:
    """A checkout on the engine's machine, with the genuine plugin."""
    with new_checkout(tmp_path) as fresh:
        there = dataclasses.replace(
            fresh, before=engine.before(fresh.path), environment={**fresh.environment, **engine.environment}
        )
        version = importlib.metadata.version(SDKS["docker"])
        plugin = Path(there.environment["PULUMI_HOME"]) / "plugins" / f"resource-docker-v{version}"
        plugin.mkdir(parents=True)
        genuine = genuine_plugins(["docker"])["docker"]
        (plugin / genuine.name).symlink_to(genuine)
        compile_hero(there)
        configure(there, build="docker")
        there.set_secret("hero:dockerhub.token", hub.token)
        yield there


def compile_hero(checkout: Checkout) -> None:
    """Hero's binary, which the Dockerfile only copies: what it builds from otherwise would have to be pulled."""
    hero = checkout.path / "hero"
    (hero / "Dockerfile").write_text(FROM_NOTHING)
    ignored = hero / ".dockerignore"
    ignored.write_text("*\n!hero.static\n")
    subprocess.run(
        [ensure_go(ensure_packages()) / "go", "build", "-trimpath", "-o", "hero.static", "."],
        cwd=hero,
        env={**checkout.environment, "CGO_ENABLED": "0"},
        check=True,
    )


def change_a_line(checkout: Checkout) -> None:
    """Of Hero's source."""
    source = checkout.path / "hero" / "main.go"
    source.write_text(source.read_text().replace('"Hero is ', '"Hero still is ', 1))
    compile_hero(checkout)


def check_digests(checkout: Checkout, engine: DockerEngine) -> str:
    """The digest that the stack tells, an independent client reads under each tag, and the engine pulls by."""
    told = checkout.outputs()
    assert told["repository"] == f"docker.io/{NAMESPACE}/hero"
    assert told["image"] == f"{told['repository']}@{told['digest']}"
    for tag in TAGS:
        assert checkout.crane("digest", f"{told['repository']}:{tag}", told={**told, "address": KEY}) == told["digest"]
    known = engine.pull(told["image"], KEY, told["pullerUsername"], told["pullerPassword"])
    assert f"{NAMESPACE}/hero@{told['digest']}" in known
    return told["digest"]


def test_what_the_engine_builds_lives_there(checkout: Checkout, hub: Hub, engine: DockerEngine) -> None:
    preview = checkout.pulumiw("preview", "--stack", "dev", "--diff")
    assert preview.code == 0, preview.text
    assert hub.asked == []
    assert engine.docker("images", "--quiet", f"{NAMESPACE}/hero") == "", "a preview builds nothing"
    first = checkout.up()
    assert "87 of 100" in first.text
    digest = check_digests(checkout, engine)
    assert checkout.up().unchanged
    checkout.refresh()
    assert checkout.up().unchanged
    change_a_line(checkout)
    changed = checkout.up()
    assert "Hero still is" not in changed.text
    assert check_digests(checkout, engine) != digest
    assert checkout.up().unchanged
    checkout.down()
    assert hub.repositories == {}
    assert hub.tokens == {}


def test_what_the_engine_builds_gets_an_sbom(checkout: Checkout, engine: DockerEngine) -> None:
    provide("syft")
    configure(checkout, build="docker", sbom=True)
    checkout.up()
    digest = check_digests(checkout, engine)
    told = {**checkout.outputs(), "address": KEY}
    (document,) = documents_of(checkout, digest, told)
    assert document["spdxVersion"].startswith("SPDX-")
    assert "stdlib" in versions_in(document), "which every Go program has in it"
    assert checkout.up().unchanged


def test_a_repository_that_the_state_has_lost_is_imported(checkout: Checkout, hub: Hub, engine: DockerEngine) -> None:
    up = checkout.up()
    urn = "urn:pulumi:dev::hero::hero:registry:DockerHub"
    repository = f"{urn}$hero-home:provider:DockerHubRepository::dockerhub-repository"
    lost = checkout.pulumiw("state", "delete", repository, "--stack", "dev", "--yes", "--target-dependents")
    assert lost.code == 0, lost.text
    assert "dockerhub-repository" not in checkout.state()
    logins = checkout.path.parent / "logins"
    engine.docker("login", "--username", NAMESPACE, "--password-stdin", config=logins, typed=hub.token)
    with_login = dataclasses.replace(checkout, environment={**checkout.environment, "DOCKER_CONFIG": str(logins)})
    hub.asked.clear()
    words = ("hero-home:provider:DockerHubRepository", "dockerhub-repository", f"{NAMESPACE}/hero", "--stack", "dev")
    quietly = ("--generate-code=false", "--protect=false", "--yes")
    imported = with_login.pulumiw("import", *words, "--parent", f"dockerhub={urn}::dockerhub", *quietly)
    assert imported.code == 0, imported.text
    assert hub.token not in imported.text
    assert checkout.state()["dockerhub-repository"]["description"] == "Hero"
    assert not [asked for asked in hub.asked if not asked.startswith("GET ") and asked != "POST /v2/auth/token"]
    again = checkout.up()
    assert "is taken over" not in up.text + again.text
    check_digests(checkout, engine)
    assert checkout.up().unchanged


def test_another_login_builds_and_pushes_nothing(checkout: Checkout, hub: Hub, engine: DockerEngine) -> None:
    checkout.up()
    digest = check_digests(checkout, engine)
    old = {made["token"] for made in hub.tokens.values()}
    configure(checkout, "rotate: another", build="docker")
    ended = checkout.up()
    assert "Pushing Image" not in ended.text
    assert not old & {made["token"] for made in hub.tokens.values()}
    assert check_digests(checkout, engine) == digest
    assert checkout.up().unchanged


def test_no_token_in_clear(checkout: Checkout, hub: Hub) -> None:
    told: list[str] = []
    seen = seen_while(lambda: told.append(checkout.up().text))
    assert told, "it did not end well"
    assert any(b"pulumi-resource-docker" in each for each in seen), "or nothing was looked at"
    written = [each for each in checkout.path.rglob("*") if each.is_file() and ".venv" not in each.parts]
    for secret in [hub.token, *(made["token"] for made in hub.tokens.values())]:
        assert secret not in told[0]
        assert not [each for each in seen if secret.encode() in each]
        assert not [file for file in written if secret.encode() in file.read_bytes()]


def test_an_image_of_the_engine_moves_in(checkout: Checkout, engine: DockerEngine) -> None:
    engine.docker("build", "--quiet", "--tag", "cncf-demo:v0.0.1", "hero", folder=checkout.path)
    configure(checkout, build="existing", source="cncf-demo:v0.0.1", platforms=None)
    checkout.up()
    digest = check_digests(checkout, engine)
    assert checkout.up().unchanged
    change_a_line(checkout)
    engine.docker("build", "--quiet", "--tag", "cncf-demo:v0.0.1", "hero", folder=checkout.path)
    checkout.up()
    assert check_digests(checkout, engine) != digest
    assert checkout.up().unchanged


def test_any_other_registry_in_the_hubs_place(checkout: Checkout, behind: Checkout, engine: DockerEngine) -> None:
    there = behind.outputs()
    lines = [
        f"{key}: {value}"
        for key, value in {
            "server": there["address"],
            "namespace": "heroes",
            "pusherUsername": there["pusherUsername"],
            "pullerUsername": there["pullerUsername"],
        }.items()
    ]
    configure(checkout, *lines, build="docker")
    checkout.set_secret("hero:dockerhub.token", there["pusherPassword"])
    checkout.set_secret("hero:dockerhub.pullerToken", there["pullerPassword"])
    checkout.up()
    told = checkout.outputs()
    assert told["repository"] == f"{there['address']}/heroes/hero"
    for tag in TAGS:
        assert checkout.crane("digest", f"{told['repository']}:{tag}") == told["digest"]
    known = engine.pull(told["image"], there["address"], told["pullerUsername"], told["pullerPassword"])
    assert told["image"] in known
    assert checkout.up().unchanged
    change_a_line(checkout)
    checkout.up()
    assert checkout.crane("digest", f"{told['repository']}:latest") == checkout.outputs()["digest"] != told["digest"]
