"""No secret in clear, wherever a stack's commands write."""

from typing import cast

import pytest

from tests.engine.cases import CASES, Case
from tests.engine.contract import contracts_of
from tests.engine.faults import SERVER_ERROR, refused
from tests.engine.house import House, Ran
from tests.engine.soak import LONG_RUN
from tests.engine.test_life import EVERY_CASE
from tests.engine.test_several import ONE_OF_EACH
from tools.preview.events import read
from tools.preview.markdown import render
from tools.preview.masks import Masks

SHORTEST_SECRET = 8


@pytest.mark.parametrize(
    ("case", "ends"),
    [
        pytest.param(case, ends, id=f"{case}-{ends}")
        for case in CASES
        for ends in ("well", "badly")
        if LONG_RUN or ends == "well" or case in ONE_OF_EACH
    ],
)
def test_no_secret_in_clear(house: House, case: Case, ends: str) -> None:
    house.configure(case.furnished())
    if ends == "badly":
        house.when("Create", refused(SERVER_ERROR), nth=2)
    ran = [house.run("preview", "--diff"), house.run("up", "--yes", "--skip-preview", "--debug"), house.refresh()]
    told = "\n".join(each.text for each in ran) + house.written() + "\n".join(reported(each) for each in ran)
    secrets = secrets_of(house)
    if ends == "well":
        secrets |= {str(house.outputs()[f"{who}Password"]) for who in ("pusher", "puller")}
    assert secrets or ends == "badly"
    assert not [secret for secret in secrets if secret in told]


@EVERY_CASE
@pytest.mark.usefixtures("moved_in")
def test_what_names_the_image_is_readable(house: House) -> None:
    outputs = house.state()["hero-dev"]["outputs"]
    for name in ("address", "repository", "image", "digest", "page", "pull", "pusherUsername", "pullerUsername"):
        assert isinstance(outputs[name], str)
    assert "ciphertext" in outputs["pusherPassword"]
    assert "ciphertext" in outputs["pullerPassword"]


def reported(ran: Ran) -> str:
    """What a pull request's comment would say of it, though no secret is known to whoever writes that."""
    return render(read(ran.events.splitlines(), Masks()), "preview", "dev")


def secrets_of(house: House) -> set[str]:
    """Everything in the world that a contract says is secret."""
    found: set[str] = set()
    for thing in house.world.things.values():
        contract = contracts_of(thing.type.partition(":")[0])[thing.type]
        found.update(text for name in contract.secrets for text in texts(thing.outputs.get(name)))
    return {secret for secret in found if len(secret) >= SHORTEST_SECRET}


def texts(value: object) -> list[str]:
    """A text, or those in a map."""
    if isinstance(value, dict):
        return [text for each in cast("dict[str, object]", value).values() for text in texts(each)]
    return [value] if isinstance(value, str) else []
