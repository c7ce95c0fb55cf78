"""The stand-in itself, under the real engine: a program that uses every provider, and one that uses each wrongly."""

import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from tests.engine.house import House, new_house
from tests.engine.plugins import OURS, Plugins
from tests.engine.test_secrets import secrets_of
from tests.engine.warm_host import WarmHost
from tests.engine.world import World

EVERY_PROVIDER = Path(__file__).with_name("every_provider.py")


@pytest.fixture
def stage(tmp_path: Path, template: Path, warm_host: WarmHost) -> Generator[House]:
    """A stack that never has genuine plugins."""
    made = new_house(tmp_path, {}, template, warm_host)
    yield made
    made.plugins.close()


def play(stage: House, *, without: str = "", instead: str = "") -> House:
    """Let the stack run the program, with one part of it said otherwise."""
    program = EVERY_PROVIDER.read_text()
    assert program.count(without) == 1 or not without
    (stage.path / "__main__.py").write_text(program.replace(without, instead) if without else program)
    return stage


def test_a_program_of_every_provider_lives_and_goes(stage: House) -> None:
    play(stage)
    assert set(stage.preview().changes.values()) == {"create"}
    assert not stage.calls("Create")
    stage.up()
    assert stage.up().changes == {}
    assert stage.refresh().changes == {}
    stage.destroy()
    assert stage.is_empty()


def test_the_world_outlives_the_stand_ins(stage: House) -> None:
    play(stage).up()
    stage.plugins.close()
    world = World(stage.world.file, stage.path)
    plugins = Plugins(stage.plugins.home, world)
    plugins.install(stage.path / "bin" / f"pulumi-resource-{OURS}", {})
    later = replace(stage, world=world, plugins=plugins)
    assert later.refresh().changes == {}
    assert later.up().changes == {}
    later.destroy()
    assert later.is_empty()
    plugins.close()


def test_outputs_are_what_the_real_ones_compute(stage: House) -> None:
    play(stage).up()
    told = stage.outputs()
    assert re.fullmatch(r"[A-Za-z0-9]{24}", told["password"])
    assert told["bcrypt"].startswith("$2a$10$")
    assert told["robot"] == "robot$hero+pusher"
    assert told["release"] == "deployed"
    certificate = x509.load_pem_x509_certificate(told["certificate"].encode())
    authority = x509.load_pem_x509_certificate(told["authority"].encode())
    certificate.verify_directly_issued_by(authority)
    assert told["key"].startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_what_the_contracts_mark_is_secret_in_the_state(stage: House) -> None:
    play(stage)
    texts = [stage.up().text, stage.run("preview", "--diff").text, stage.written()]
    secrets = secrets_of(stage) | {stage.outputs()[name] for name in ("password", "bcrypt", "key")}
    assert len(secrets) > len(("password", "bcrypt", "key"))
    for secret in secrets:
        # What has several lines is written in another way here and there, so it is looked for by one of them.
        line = (secret.splitlines() * 2)[1]
        assert not [text for text in texts if line in text]


@pytest.mark.parametrize(
    ("without", "instead", "expected"),
    [
        ("public=False", "public=True", {"hero-project": "update"}),
        ('name="pusher"', 'name="another"', {"hero-pusher": "replace"}),
        ("length=24", "length=32", {"hero-password": "replace", "hero-secret": "replace", "hero-pusher": "update"}),
        ('"plain": "value"', '"plain": "another"', {"hero-plain": "replace"}),
        ('"name": "hero-plain"', '"name": "another"', {"hero-plain": "replace"}),
        ('values={"replicas": 1}', 'values={"replicas": 2}', {"hero-chart": "update"}),
    ],
)
def test_replaces_on_the_keys_that_the_contracts_mark(
    stage: House, without: str, instead: str, expected: dict[str, str]
) -> None:
    play(stage).up()
    play(stage, without=without, instead=instead)
    assert stage.preview().changes == expected
    assert stage.up().changes == expected
    assert stage.up().changes == {}


@pytest.mark.parametrize(
    ("without", "instead", "told"),
    [
        ("public=False", "public='no'", "'no' is not a boolean"),
        ('"plain": "value"', '"plain": 1', "1.0 is not a string"),
        ('level="project",', "", "Missing required property 'level'"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(stage: House, without: str, instead: str, told: str) -> None:
    play(stage, without=without, instead=instead)
    ran = stage.run("preview")
    assert ran.code != 0
    assert told in ran.text


def test_a_property_that_the_contract_does_not_know_is_refused(stage: House) -> None:
    play(
        stage,
        without="# the end",
        instead='pulumi.CustomResource("harbor:index/project:Project", "x", {"name": "x", "colour": "red"})',
    )
    ran = stage.run("preview")
    assert ran.code != 0
    assert "colour is unknown" in ran.text


def test_a_name_that_is_taken_is_refused(stage: House) -> None:
    play(stage).up()
    taken = """harbor.Project("again", name="hero")"""
    play(stage, without="# the end", instead=taken)
    assert "409 Conflict" in stage.failing("up").text


def test_what_must_be_there_first_is_asked_for(stage: House) -> None:
    play(stage, without='"namespace": project.name', instead='"namespace": "nobody"')
    assert "404: project nobody not found" in stage.failing("up").text


def test_two_of_one_kind_are_told_apart_by_name(stage: House) -> None:
    play(stage).up()
    names = [call.name for call in stage.calls("Create")]
    assert len(names) == len(set(names))
    assert stage.world.named("hero-pusher").outputs["fullName"] == "robot$hero+pusher"
