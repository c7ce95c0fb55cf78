"""A stack's life under the real engine, for every choice: what is made, in which order, what stays, what goes."""

from typing import Any

import pytest

from components.catalogue import CHOICES
from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.mirrors import FallbackSettings
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


# What may refuse to be deleted because of the images in it.
GUARDING = {f"hero-home:provider:{kind}" for kind in ("RegistryProcess", "HarborProject", "DockerHubRepository")}
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
    image = [name for name in created if name.startswith(("home", "hero-", "pull-secrets-", "storage-guard"))]
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
    before = resources(house)
    house.configure(change.apply(moved_in))
    previewed = house.preview().changes
    changed = house.up().changes
    guards = guarding(before, resources(house))
    assert {name: changed.pop(name) for name in guards if name in changed} == guards
    assert changed == change.expected
    assert {name: previewed.pop(name, None) for name in guards} == guards
    assert previewed.pop("storage-guard", "update") == "update"
    assert previewed == {**change.expected, **dict.fromkeys(change.spared, "update")}
    assert house.preview().changes == {}


@EVERY_CASE
def test_rotation_reaches_every_login_in_one_up(house: House, case: Case) -> None:
    namespaces = ("default", "kube-system")
    config = case.furnished() | {"pullSecrets": {"namespaces": list(namespaces)}}
    house.configure(config)
    house.up()
    before = [house.world.named(f"pull-secrets-{each}").outputs["stringData"] for each in namespaces]
    old = house.outputs()
    house.configure({**config, case.keeper: {**config[case.keeper], "rotate": "another"}})
    assert "hero-build" not in house.up().changes
    told = house.outputs()
    assert told["pusherPassword"] != old["pusherPassword"]
    assert told["pullerPassword"] != old["pullerPassword"]
    assert told["digest"] == old["digest"]
    for namespace, old_login in zip(namespaces, before, strict=True):
        planted = house.world.named(f"pull-secrets-{namespace}").outputs["stringData"]
        assert planted != old_login
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
            "fallback": FallbackSettings,
        }
        assert "mirrors" in changed
        for block, model in {**shared, name: choice.settings}.items():
            assert changed >= keys(block, model)
    # What is brought into a cluster concerns those that live in one.
    assert {change.key for case in CASES for change in case.changes} >= keys("cluster", ClusterSettings)


def resources(house: House) -> dict[str, Any]:
    """Every resource by its name, secrets in clear: the same secret may be encrypted again."""
    return {each["urn"].rpartition("::")[2]: each for each in house.exported()["deployment"]["resources"]}


def guarding(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """What happens to the resources that guard stored images, for no other reason than what they guard."""
    guards: dict[str, str] = {}
    for name in before.keys() & after.keys():
        old, new = before[name].get("inputs", {}), after[name].get("inputs", {})
        differing = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        if name == "storage-guard" and differing:
            guards[name] = "replace" if "identities" in differing else "update"
        elif before[name]["type"] not in GUARDING or new.get("keepData") or not differing:
            continue
        elif differing <= {"tags", "discard", "repository"}:
            guards[name] = "update"
    return guards


def everything_before(state: dict[str, Any], name: str) -> set[str]:
    """The URNs of all that it depends on, and of all that those depend on."""
    found: set[str] = set()
    for urn in state[name].get("dependencies", []):
        found |= {urn} | everything_before(state, urn.rpartition("::")[2])
    return found


def keys(block: str, model: type[Block]) -> set[str]:
    """Every key of a block as it is written in config."""
    return {f"{block}.{each.alias}" for each in model.model_fields.values()}
