"""A stack that keeps Hero in several registries at once."""

from typing import Any

import pytest

from tests.engine.cases import Case
from tests.engine.changes.change import with_values
from tests.engine.faults import SERVER_ERROR, crash, refused
from tests.engine.house import House
from tests.engine.test_secrets import secrets_of
from tests.engine.test_several import ONE_OF_EACH
from tests.engine.test_switching import BY_NAME, EMBEDDED, HUB, ZOT, images, visited

KEEPERS = [EMBEDDED, HUB, ZOT, BY_NAME["harbor-ko"]]


def with_mirrors(home: Case, *mirrors: Case) -> dict[str, Any]:
    """The config of a stack with this home and these further registries."""
    blocks = {mirror.choice: mirror.config()[mirror.choice] for mirror in mirrors}
    return {**blocks, **home.config(), "mirrors": [mirror.choice for mirror in mirrors]}


def held(house: House) -> list[dict[str, str]]:
    """What the home and each of its mirrors holds, by tag."""
    told = house.outputs()
    places = [told["repository"], *(image.partition("@")[0] for image in told["mirrors"])]
    return [images(house.world, place) for place in places]


@pytest.mark.parametrize("home", ONE_OF_EACH, ids=str)
def test_every_registry_beside_every_other(house: House, home: Case) -> None:
    others = [mirror for mirror in KEEPERS if mirror.choice != home.keeper]
    house.configure(with_mirrors(home, *others))
    seen = house.preview().changes
    assert house.up().changes == seen
    digest = house.outputs()["digest"]
    assert held(house) == [{"latest": digest}] * len(KEEPERS)
    assert house.up().changes == {}
    assert house.refresh().changes == {}
    house.destroy()
    assert house.is_empty()


def test_another_image_is_in_all_of_them_with_one_up(house: House) -> None:
    begun = with_values(with_mirrors(EMBEDDED, ZOT, HUB), {"image.nydus": True})
    house.configure(begun)
    house.up()
    before = house.outputs()["digest"]
    house.configure(with_values(begun, {"image.context": "./other", "image.tags": ["v2"]}))
    copies = {"hero-zot-copy": "update", "hero-dockerhub-copy": "update"}
    guards = {"storage-guard": "update", "dockerhub-repository": "update"}
    image = {"home": "update", "hero-image": "update", "hero-nydus": "update"}
    assert house.up().changes == {**image, **copies, **guards}
    assert house.outputs()["digest"] != before
    home, *mirrors = held(house)
    assert home.keys() == {"v2", "v2-nydus"}
    assert mirrors == [home, home]


def test_a_mirror_comes_and_goes(house: House) -> None:
    begun = with_mirrors(EMBEDDED, ZOT)
    house.configure({**begun, "mirrors": []})
    house.up()
    alone = house.outputs()
    house.configure(begun)
    changes = house.up().changes
    assert {name: operation for name, operation in changes.items() if operation != "create"} == {
        "home": "update",
        "storage-guard": "replace",
    }
    assert changes["hero-zot-copy"] == "create"
    house.configure({**begun, "mirrors": []})
    house.up()
    assert not [name for name in house.state() if "zot" in name]
    assert house.outputs() == alone
    assert held(house) == [{"latest": alone["digest"]}]


@pytest.mark.parametrize(("home", "mirror"), [(EMBEDDED, ZOT), (ZOT, EMBEDDED), (HUB, ZOT)], ids=str)
def test_home_and_mirror_change_places(house: House, home: Case, mirror: Case) -> None:
    begun = with_mirrors(home, mirror)
    house.configure(begun)
    house.up()
    visited(house)
    digest = house.outputs()["digest"]
    house.configure({**begun, "registry": mirror.choice, "mirrors": [home.choice]})
    changes = house.up().changes
    assert changes.pop(f"hero-{mirror.choice}-copy") == "delete"
    assert changes.pop(f"hero-{home.choice}-copy") == "create"
    assert set(changes.values()) <= {"update"}, "no registry is built, and none goes"
    told = house.outputs()
    assert (told["registry"], told["digest"]) == (mirror.choice, digest)
    new, old = held(house)
    assert new.keys() == {"latest", "theirs"}, "what others pushed moved too"
    assert old["latest"] == new["latest"] == digest
    assert old.items() <= new.items()
    assert house.up().changes == {}


@pytest.mark.parametrize("happens", ["refused", "killed"])
def test_a_mirror_that_fails_leaves_the_home_as_it_is(house: House, happens: str) -> None:
    house.configure(with_mirrors(EMBEDDED, ZOT))
    strike = refused(SERVER_ERROR) if happens == "refused" else crash("before")
    fault = house.when("Create", strike, name="hero-zot-copy")
    house.failing("up")
    assert fault.struck
    if happens == "killed":
        house.let_go()
    (repository,) = [each["inputs"]["repository"] for name, each in house.state().items() if name == "hero-image"]
    assert images(house.world, repository).keys() == {"latest"}
    assert set(house.up().changes.values()) == {"create"}
    home, mirror = held(house)
    assert home == mirror
    house.destroy()
    assert house.is_empty()


def test_another_password_of_a_mirror_copies_nothing(house: House) -> None:
    begun = with_mirrors(ZOT, EMBEDDED)
    house.configure(begun)
    house.up()
    house.configure(with_values(begun, {"embedded.rotate": "another"}))
    assert house.up().changes == {
        "embedded-process": "update",
        "hero-embedded-copy": "update",
        "storage-guard": "update",
    }
    assert house.up().changes == {}


def test_no_password_of_any_of_them_is_in_clear(house: House) -> None:
    house.configure(with_mirrors(EMBEDDED, ZOT, HUB))
    ran = [house.run("preview", "--diff"), house.run("up", "--yes", "--skip-preview", "--debug"), house.refresh()]
    told = "\n".join(each.text for each in ran) + house.written()
    secrets = secrets_of(house)
    assert len(secrets) > len(KEEPERS)
    assert not [secret for secret in secrets if secret in told]
