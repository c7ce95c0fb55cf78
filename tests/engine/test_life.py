"""A stack's life under the real engine, for every choice: what is made, in which order, what stays, what goes."""

from typing import Any

import pytest

from components.catalogue import CHOICES
from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.settings import Block
from components.switch import SwitchSettings
from tests.engine.cases import CASES, Case, Change
from tests.engine.house import House
from tests.engine.soak import LONG_RUN


def some_changes(case: Case) -> list[Change]:
    """Those that stand for all, which `make soak` makes: each does what none before it does, of any choice."""
    done = [
        (change.key, change.expected)
        for before in CASES[: CASES.index(case)]
        if before.build == case.build
        for change in before.changes
    ]
    some: list[Change] = []
    for change in case.changes:
        if change.expected not in [each.expected for each in some] and (change.key, change.expected) not in done:
            some.append(change)
    return some


EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
CHANGES = [
    pytest.param(case, change, id=f"{case}-{change.key}")
    for case in CASES
    for change in (case.changes if LONG_RUN else some_changes(case))
]


@EVERY_CASE
def test_life(house: House, case: Case) -> None:
    house.configure(case.config())
    seen = house.preview().changes
    assert set(seen.values()) == {"create"}
    assert not house.calls("Create")
    assert house.up().changes == seen
    assert house.up().changes == {}
    assert house.preview().changes == {}
    assert house.refresh().changes == {}
    assert house.up().changes == {}
    house.destroy()
    assert house.is_empty()


@EVERY_CASE
def test_order(house: House, case: Case) -> None:
    house.configure(case.furnished())
    house.up()
    created = [call.name for call in house.calls("Create")]
    image = [name for name in created if name == "home" or name.startswith(("hero-", "pull-secrets-"))]
    assert created[-len(image) :] == image, "the image comes after the registry and everything in it"
    state = house.state()
    in_the_registry = {each["urn"] for each in state.values() if each["custom"] and "hero:registry:" in each["urn"]}
    for name in image:
        assert in_the_registry <= everything_before(state, name), "which is not left to luck"
    house.destroy()
    deleted = [state[call.name]["urn"] for call in house.calls("Delete")]
    assert deleted
    for place, urn in enumerate(deleted):
        needed = state[urn.rpartition("::")[2]].get("dependencies", [])
        assert not set(needed) & set(deleted[:place]), "nothing goes before what needs it"


@pytest.mark.parametrize(("case", "change"), CHANGES)
def test_every_key(house: House, moved_in: dict[str, Any], change: Change) -> None:
    if change.beside:
        house.configure(change.before(moved_in))
        house.up()
    house.configure(change.apply(moved_in))
    assert house.preview().changes == {**change.expected, **dict.fromkeys(change.spared, "update")}
    assert house.up().changes == change.expected
    assert house.preview().changes == {}


@EVERY_CASE
def test_rotation_reaches_every_login_in_one_up(house: House, case: Case) -> None:
    config = case.furnished()
    house.configure(config)
    house.up()
    before = house.world.named("pull-secrets-default").outputs["stringData"]
    old = house.outputs()
    house.configure({**config, case.keeper: {**config[case.keeper], "rotate": "another"}})
    assert "hero-build" not in house.up().changes
    told = house.outputs()
    assert told["pusherPassword"] != old["pusherPassword"]
    assert told["pullerPassword"] != old["pullerPassword"]
    assert told["digest"] == old["digest"]
    planted = house.world.named("pull-secrets-default").outputs["stringData"]
    assert planted != before
    assert told["pullerPassword"] in planted[".dockerconfigjson"]
    assert house.up().changes == {}


def test_every_choice_and_every_key_is_in_a_table() -> None:
    assert {case.choice for case in CASES} == CHOICES.keys()
    for name, choice in CHOICES.items():
        for build in ("ko", "docker"):
            assert any((case.choice, case.build) == (name, build) for case in CASES)
        changed = {change.key for case in CASES if case.choice == name for change in case.changes}
        shared = {
            "image": ImageSettings,
            "pullSecrets": PullSecretsSettings,
            "nydus": NydusSettings,
            "switch": SwitchSettings,
        }
        for block, model in {**shared, name: choice.settings}.items():
            assert changed >= keys(block, model)
    # What is brought into a cluster concerns those that live in one.
    assert {change.key for case in CASES for change in case.changes} >= keys("cluster", ClusterSettings)


def everything_before(state: dict[str, Any], name: str) -> set[str]:
    """The URNs of all that it depends on, and of all that those depend on."""
    found: set[str] = set()
    for urn in state[name].get("dependencies", []):
        found |= {urn} | everything_before(state, urn.rpartition("::")[2])
    return found


def keys(block: str, model: type[Block]) -> set[str]:
    """Every key of a block as it is written in config."""
    return {f"{block}.{each.alias}" for each in model.model_fields.values()}
