"""What `make where` finds in a stack's state."""

import json
from typing import Any

import pytest

from tools import where
from tools.problem import Problem

SECRET = "4dabf18193072939515e22adb298388d"
SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


def resource(kind: str, **outputs: object) -> dict[str, Any]:
    """As an export shows it, with the password in clear."""
    password = {SECRET: SIGNATURE, "plaintext": json.dumps("the pusher's password")}
    return {"type": kind, "outputs": {**outputs, "password": password}}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    """A whole export."""
    return {"deployment": {"resources": list(resources)}}


def test_the_chosen_home_comes_first_and_its_password_is_opened() -> None:
    images = [{"tags": ["v1"]}, {"tags": ["v1-nydus"]}]
    exported = state(
        resource("hero-home:provider:Image", registry="none of them"),
        resource(where.COPY, registry="zot", images=images),
        resource(where.HOME, registry="embedded", tags=["v1"]),
    )
    assert where.homes(exported, "dev") == [
        {"registry": "embedded", "tags": ["v1"], "password": "the pusher's password"},
        {"registry": "zot", "images": images, "tags": ["v1", "v1-nydus"], "password": "the pusher's password"},
    ]


@pytest.mark.parametrize("exported", [{}, state(), state(resource("hero-home:provider:Image"))])
def test_a_stack_without_a_home_is_told_so(exported: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="make up STACK=dev builds one"):
        where.homes(exported, "dev")


def test_a_stack_has_to_be_named() -> None:
    with pytest.raises(Problem, match="make where STACK"):
        where.main([])
