"""What the program asks the engine to make, for the whole of it and for every way in which an image comes to be."""

import itertools
import json
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.catalogue import CHOICES, Choice, Settings
from components.registry import Login, Registry
from components.settings import Block
from tests.unit.configuration import built_from, write_sources
from tests.unit.graph import A_DIGEST, Engine

ROOT = Path(__file__).resolve().parents[2]
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"
REPOSITORY = "shelf.example:5000/team/hero"
PUSHER, PULLER = ("robot-that-pushes", "pushing password"), ("robot-that-pulls", "pulling password")


class Project(pulumi.CustomResource):
    """What a registry needs before anything can be pushed, and of which nobody asks an output."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("shelf:index:Project", name, {}, opts)


class Shelf(Registry):
    """A registry that promises what every registry does; its passwords are plain, so that whoever hides them shows."""

    def __init__(self, name: str, certificate: str | None) -> None:
        super().__init__("hero:registry:Shelf", name)
        Project(f"{name}-project", pulumi.ResourceOptions(parent=self))
        self.promise(
            address="shelf.example:5000",
            path="team/hero",
            pusher=Login(*map(pulumi.Output.from_input, PUSHER)),
            puller=Login(*map(pulumi.Output.from_input, PULLER)),
            page="https://shelf.example:5000",
            ca_certificate=None if certificate is None else pulumi.Output.from_input(certificate),
            keeps_images=False,
            storage="storage-7",
        )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_program(**config: object) -> Engine:
    """The program itself."""
    return built_from({f"hero:{key}": value for key, value in config.items()})


def move_in(certificate: str | None = None, **block: object) -> Engine:
    """The program itself, where the shelf is one of the choices and the one that is made."""

    def shelf(name: str, _: Settings, __: pulumi.ResourceOptions | None) -> Shelf:
        return Shelf(name, certificate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CHOICES, "shelf", Choice(Block, shelf, "shelf"))
        return run_program(registry="shelf", image={"tags": ["v1", "latest"], **block})


# With the embedded registry.


def test_the_embedded_registry_and_an_image_are_all_there_is() -> None:
    assert run_program().types() == {
        "embedded": "hero:registry:Embedded",
        "embedded-process": "hero-home:provider:RegistryProcess",
        "home": "hero-home:provider:Home",
        "hero": "hero:image:HeroImage",
        "hero-image": "hero-home:provider:Image",
        "storage-guard": "hero-home:provider:StorageGuard",
    }


@pytest.mark.parametrize("keep", [False, True])
def test_the_registry_is_made_as_config_says(*, keep: bool) -> None:
    block = {"port": 5002, "directory": "my images", "keepData": keep, "rotate": "2"}
    made = run_program(embedded=block).named("embedded-process")
    assert made.inputs == {**block, "owner": "hero/dev", "discard": False}


def test_where_nothing_is_said_the_registry_has_a_folder_of_its_stack() -> None:
    assert run_program().named("embedded-process").inputs["directory"] == ".hero/dev/registry"


def test_the_image_is_pushed_as_config_says() -> None:
    engine = run_program(image={"name": "team/hero", "tags": ["v1", "latest"], "platforms": ["linux/arm64"]})
    assert engine.named("hero-image").inputs == {
        "repository": "127.0.0.1:5001/team/hero",
        "tags": ["v1", "latest"],
        "source": {"kind": "ko", "path": "hero", "platforms": ["linux/arm64"]},
        "username": "pusher",
        "password": "the pusher's password",
        "identityKey": "the registry's identity key",
        "caCertificate": "",
        "home": "storage-1",
        "plainHttp": False,
        "sbom": False,
    }


def test_outputs_say_where_hero_lives() -> None:
    exported = run_program(image={"tags": ["v1", "latest"]}).exported
    digest = exported["digest"]
    assert digest.startswith("sha256:")
    assert exported == {
        "registry": "embedded",
        "address": "127.0.0.1:5001",
        "repository": "127.0.0.1:5001/hero",
        "image": f"127.0.0.1:5001/hero@{digest}",
        "digest": digest,
        "tags": ["v1", "latest"],
        "mirrors": [],
        "page": "http://127.0.0.1:5001/v2/hero/tags/list",
        "login": "./pulumiw stack output pullerPassword --show-secrets --stack dev"
        " | docker login 127.0.0.1:5001 --password-stdin --username 'puller'",
        "pull": f"docker pull 127.0.0.1:5001/hero@{digest}",
        "pusherUsername": "pusher",
        "pusherPassword": "the pusher's password",
        "pullerUsername": "puller",
        "pullerPassword": "the puller's password",
    }


def test_of_the_outputs_only_the_passwords_are_secret() -> None:
    assert run_program().exported_secrets == {"pusherPassword", "pullerPassword"}


def test_two_runs_ask_for_the_same() -> None:
    assert run_program().made == run_program().made


# What holds for every graph, whatever the image is made of.

BUILDS: dict[str, dict[str, object]] = {
    "ko": {},
    "Docker": {"build": "docker"},
    "an image of the Docker engine": {"build": "existing", "source": "cncf-demo:v0.0.1"},
    "an archive": {"build": "existing", "source": "./hero.tar"},
    "a layout": {"build": "existing", "source": "./layout"},
}
GRAPHS = {
    f"{build} {'with' if certificate else 'without'} a private authority": (certificate, block)
    for certificate, (build, block) in itertools.product((None, CERTIFICATE), BUILDS.items())
}
every_graph = pytest.mark.parametrize(("certificate", "block"), GRAPHS.values(), ids=GRAPHS)


@every_graph
def test_tokens_have_three_segments(certificate: str | None, block: dict[str, object]) -> None:
    for made in move_in(certificate, **block).made:
        assert len(made.type.split(":")) == 3


@every_graph
def test_children_are_named_after_their_parents(certificate: str | None, block: dict[str, object]) -> None:
    parents = {"hero-dev": {"shelf", "home", "hero", "storage-guard"}}
    for made in move_in(certificate, **block).made:
        assert made.name in parents.get(made.parent, ()) or made.name.startswith(f"{made.parent}-")


@every_graph
def test_components_say_that_they_are_finished(certificate: str | None, block: dict[str, object]) -> None:
    assert sorted(move_in(certificate, **block).finished) == ["hero", "shelf"]


@every_graph
def test_the_image_waits_for_the_registry_and_all_in_it(certificate: str | None, block: dict[str, object]) -> None:
    engine = move_in(certificate, **block)
    assert {"shelf-project", "home"} <= engine.named("hero").dependencies
    assert "shelf-project" in engine.named("home").dependencies
    # A child is asked for after its parent, and a parent after what it depends on.
    names = [made.name for made in engine.made]
    assert all(names.index(name) > names.index("shelf-project") for name in engine.below("hero"))


@every_graph
def test_passwords_are_secret_wherever_they_go(certificate: str | None, block: dict[str, object]) -> None:
    engine = move_in(certificate, **block)
    places = {made.name: places_of(PUSHER[1], made.inputs) for made in engine.made}
    assert places["hero-image"] == places["home"] == {"password"}
    for made in engine.made:
        assert places[made.name] <= made.secrets
    told = json.dumps(engine.finished)
    assert PUSHER[1] not in told
    assert PULLER[1] not in told


@every_graph
def test_the_pusher_pushes_and_the_puller_does_nothing(certificate: str | None, block: dict[str, object]) -> None:
    engine = move_in(certificate, **block)
    pushed = engine.named("hero-image").inputs
    assert (pushed["username"], pushed["password"]) == PUSHER
    told = json.dumps([made.inputs for made in engine.made])
    assert PULLER[0] not in told
    assert PULLER[1] not in told


@every_graph
def test_the_image_goes_where_the_registry_says(certificate: str | None, block: dict[str, object]) -> None:
    pushed = move_in(certificate, **block).named("hero-image").inputs
    assert pushed["repository"] == REPOSITORY
    assert pushed["tags"] == ["v1", "latest"]
    assert pushed["caCertificate"] == (certificate or "")
    assert pushed["home"] == "storage-7"


@every_graph
def test_consumers_get_a_digest_and_no_secret(certificate: str | None, block: dict[str, object]) -> None:
    engine = move_in(certificate, **block)
    exported = engine.exported
    assert exported["image"] == f"{REPOSITORY}@{exported['digest']}"
    assert exported["pull"] == f"docker pull {exported['image']}"
    assert exported["tags"] == ["v1", "latest"]
    assert not engine.exported_secrets & {"image", "digest", "tags", "pull"}


# What each build asks for.

ALWAYS = {
    "shelf": "hero:registry:Shelf",
    "shelf-project": "shelf:index:Project",
    "home": "hero-home:provider:Home",
    "hero": "hero:image:HeroImage",
    "storage-guard": "hero-home:provider:StorageGuard",
}
ONLY_THE_IMAGE = {**ALWAYS, "hero-image": "hero-home:provider:Image"}
either_certificate = pytest.mark.parametrize("certificate", [None, CERTIFICATE], ids=["public", "private"])


@either_certificate
def test_ko_needs_no_docker(certificate: str | None) -> None:
    engine = move_in(certificate, context="my app")
    assert engine.types() == ONLY_THE_IMAGE
    assert source_of(engine) == {"kind": "ko", "path": "my app", "platforms": ["linux/amd64", "linux/arm64"]}


def test_ko_builds_for_the_platforms_that_are_asked_for() -> None:
    assert source_of(move_in(platforms=["linux/s390x"]))["platforms"] == ["linux/s390x"]


@either_certificate
def test_docker_builds_and_never_in_a_preview(certificate: str | None) -> None:
    engine = move_in(certificate, build="docker", platforms=["linux/arm64"])
    assert engine.types() == {**ONLY_THE_IMAGE, "hero-build": "docker:index/image:Image"}
    built = engine.named("hero-build")
    assert built.parent == "hero"
    assert built.inputs["imageName"] == f"{REPOSITORY}:v1"
    assert built.inputs["build"] == {
        "context": "hero",
        "dockerfile": "hero/Dockerfile",
        "platform": "linux/arm64",
    }
    assert built.inputs["buildOnPreview"] is False
    assert built.inputs["registry"] == {
        "server": "shelf.example:5000",
        "username": PUSHER[0],
        "password": PUSHER[1],
    }
    assert "hero-build" in engine.named("hero-image").dependencies


def test_docker_takes_the_dockerfile_that_is_named() -> None:
    engine = move_in(build="docker", context="my app", dockerfile="../hero/Dockerfile")
    build = engine.named("hero-build").inputs["build"]
    assert build == {"context": "my app", "dockerfile": "my app/../hero/Dockerfile"}


def test_docker_pushes_where_the_certificate_is_a_public_one() -> None:
    engine = move_in(build="docker")
    assert engine.named("hero-build").inputs["skipPush"] is False
    assert source_of(engine) == {"kind": "registry", "reference": f"{REPOSITORY}@{A_DIGEST}"}


def test_docker_does_not_push_where_the_certificate_is_a_private_one() -> None:
    engine = move_in(CERTIFICATE, build="docker")
    assert engine.named("hero-build").inputs["skipPush"] is True
    assert source_of(engine)["kind"] == "engine"
    assert "hero-build" in engine.named("hero-image").dependencies


@either_certificate
def test_an_image_of_the_engine_is_taken_out_of_it(certificate: str | None) -> None:
    engine = move_in(certificate, build="existing", source="cncf-demo:v0.0.1")
    assert engine.types() == ONLY_THE_IMAGE
    assert source_of(engine) == {"kind": "engine", "reference": "cncf-demo:v0.0.1"}


@either_certificate
@pytest.mark.parametrize(("kind", "path"), [("archive", "./hero.tar"), ("layout", "./layout")])
def test_an_image_on_disk_needs_no_docker(certificate: str | None, kind: str, path: str) -> None:
    engine = move_in(certificate, build="existing", source=path)
    assert engine.types() == ONLY_THE_IMAGE
    assert source_of(engine) == {"kind": kind, "path": path}


@either_certificate
@pytest.mark.parametrize("build", [name for name in BUILDS if name != "ko"])
@pytest.mark.parametrize(("said", "sbom"), [({}, False), ({"sbom": False}, False), ({"sbom": True}, True)])
def test_an_sbom_is_made_where_it_is_wanted(
    certificate: str | None, build: str, said: dict[str, object], *, sbom: bool
) -> None:
    engine = move_in(certificate, **BUILDS[build], **said)
    assert engine.named("hero-image").inputs["sbom"] is sbom


def source_of(engine: Engine) -> dict[str, Any]:
    """Where the image comes from."""
    return engine.named("hero-image").inputs["source"]


def places_of(text: str, inside: Any, path: str = "") -> set[str]:  # noqa: ANN401 - any JSON
    """The paths of all values that are this text."""
    if inside == text:
        return {path}
    if isinstance(inside, dict):
        members = cast("dict[str, object]", inside).items()
        return set[str]().union(*(places_of(text, member, f"{path}.{key}" if path else key) for key, member in members))
    return set()


@every_graph
def test_storage_guard_depends_on_all_others(certificate: str | None, block: dict[str, object]) -> None:
    engine = move_in(certificate, **block)
    own = [made.name for made in engine.made if not made.type.startswith("hero:") and made.name != "storage-guard"]
    assert own
    assert engine.named("storage-guard").dependencies >= set(own)
