"""The image's form for Nydus under the real engine: what it follows, and what goes when it is no longer wanted."""

from typing import Any

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.changes.change import with_values
from tests.engine.faults import SERVER_ERROR, refused
from tests.engine.house import House

(CASE,) = [case for case in CASES if str(case) == "embedded-ko"]
CONVERSION = "hero-home:provider:NydusImage"


@pytest.fixture
def case() -> Case:
    """For the house."""
    return CASE


@pytest.fixture
def wanted(moved_in: dict[str, Any]) -> dict[str, Any]:
    """The config with a form for Nydus."""
    return with_values(moved_in, {"image.nydus": True, "image.tags": ["v1", "latest"]})


@pytest.fixture
def converted(house: House, wanted: dict[str, Any]) -> House:
    """A stack whose image has it."""
    house.configure(wanted)
    house.up()
    return house


def tags_of(house: House) -> dict[str, str]:
    """Every tag of Hero's repository."""
    address, _, path = str(house.outputs()["repository"]).partition("/")
    return house.world.registries[address].repositories[path]


def test_each_tag_has_it_beside_it(converted: House) -> None:
    told, tags = converted.outputs(), tags_of(converted)
    assert tags.keys() == {"v1", "latest", "v1-nydus", "latest-nydus"}
    assert told["nydusImage"] == f"{told['repository']}@{tags['v1-nydus']}"
    assert tags["v1"] == told["digest"] != tags["v1-nydus"] == tags["latest-nydus"]
    assert converted.up().changes == {}


def test_another_image_has_another_one(converted: House, wanted: dict[str, Any]) -> None:
    before = converted.outputs()
    (converted.path / "hero" / "VERSION").write_text("another")
    assert converted.up().changes == {"hero-image": "update", "hero-nydus": "update", "storage-guard": "update"}
    told = converted.outputs()
    assert {told[key] for key in ("digest", "nydusImage")}.isdisjoint({before[key] for key in ("digest", "nydusImage")})
    converted.configure(with_values(wanted, {"image.webhooks": ["https://example.com/hero"]}))
    assert set(converted.up().changes.values()) == {"create"}
    assert converted.outputs()["nydusImage"] == told["nydusImage"]


def test_where_it_cannot_be_made_the_image_is_there_and_the_next_run_makes_it(
    house: House, wanted: dict[str, Any]
) -> None:
    house.configure(wanted)
    house.when("Create", refused(SERVER_ERROR), CONVERSION)
    assert SERVER_ERROR in house.failing("up").text
    assert "nydusImage" not in house.outputs()
    assert house.outputs()["image"]
    assert house.up().changes == {"hero-nydus": "create", "storage-guard": "update"}
    assert house.up().changes == {}


def test_where_another_one_cannot_be_made_the_old_one_is_still_told(converted: House, wanted: dict[str, Any]) -> None:
    before = converted.outputs()["nydusImage"]
    converted.configure(with_values(wanted, {"image.nydusPrefetch": ["/ko-app"]}))
    converted.when("Update", refused(SERVER_ERROR), CONVERSION)
    assert SERVER_ERROR in converted.failing("up").text
    assert converted.outputs()["nydusImage"] == before
    assert converted.up().changes == {"hero-nydus": "update", "storage-guard": "update"}
    assert converted.outputs()["nydusImage"] != before


@pytest.mark.parametrize("keep", [False, True])
def test_when_it_is_no_longer_wanted_its_tags_go_unless_data_are_kept(
    house: House, wanted: dict[str, Any], *, keep: bool
) -> None:
    wanted = with_values(wanted, {"embedded.keepData": keep})
    house.configure(wanted)
    house.up()
    house.configure(with_values(wanted, {"image.nydus": False}))
    assert house.up().changes == {"home": "update", "hero-nydus": "delete", "storage-guard": "update"}
    assert "nydusImage" not in house.outputs()
    assert tags_of(house).keys() == {"v1", "latest"} | ({"v1-nydus", "latest-nydus"} if keep else set())


def test_it_goes_before_the_image_and_its_registry(converted: House) -> None:
    converted.destroy()
    deleted = [call.name for call in converted.calls("Delete")]
    assert deleted.index("hero-nydus") < deleted.index("hero-image") < deleted.index("embedded-process")
    assert converted.is_empty()
