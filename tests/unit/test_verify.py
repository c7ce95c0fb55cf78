"""What `make verify` finds in a stack's state, and what it does where content is damaged."""

import json
from subprocess import CompletedProcess
from typing import Any

import pytest

from tools import verify
from tools.problem import Problem

SECRET = "4dabf18193072939515e22adb298388d"
SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"
DIGEST = "sha256:" + "a" * 64


def resource(kind: str, **outputs: object) -> dict[str, Any]:
    """As an export shows it, with the password in clear."""
    password = {SECRET: SIGNATURE, "plaintext": json.dumps("hunter2")}
    return {"type": kind, "urn": f"urn:{kind}", "outputs": {"repository": "host/hero", **outputs, "password": password}}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    """A whole export."""
    return {"deployment": {"resources": list(resources)}}


def test_images_primary_registry_first() -> None:
    exported = state(
        resource(
            verify.COPY, registry="zot", images=[{"digest": DIGEST, "tags": ["v1"]}, {"digest": DIGEST, "tags": ["v2"]}]
        ),
        resource("hero-home:provider:Home"),
        resource(verify.NYDUS, nydusDigest="sha256:n"),
        resource(verify.IMAGE, digest="sha256:i", tags=["v1"], plainHttp=True, identityKey="key"),
    )
    access = {"repository": "host/hero", "password": "hunter2"}
    assert verify.images(exported, "dev") == [
        {**access, "plainHttp": True, "identityKey": "key", "registry": "primary", "digests": ["sha256:i"]},
        {**access, "registry": "primary", "digests": ["sha256:n"]},
        {**access, "registry": "zot", "digests": [DIGEST]},
    ]


@pytest.mark.parametrize("exported", [{}, state(), state(resource("hero-home:provider:Home"))])
def test_images_none_pushed(exported: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="make up STACK=dev pushes one"):
        verify.images(exported, "dev")


def test_main_without_stack() -> None:
    with pytest.raises(Problem, match="make verify STACK"):
        verify.main([])


@pytest.mark.parametrize("code", [0, 1, verify.DAMAGED])
def test_main_damage_is_recorded_by_a_refresh(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    calls: list[tuple[list[str], dict[str, Any]]] = []

    def run(command: list[str], **options: object) -> CompletedProcess[str]:
        calls.append((command, options))
        return CompletedProcess(command, code if command[-1] == "verify" else 0)

    def exported(stack: str, *options: str) -> dict[str, Any]:
        assert (stack, options) == ("dev", ("--show-secrets",))
        return state(resource(verify.IMAGE, digest=DIGEST))

    monkeypatch.setattr(verify, "exported", exported)
    monkeypatch.setattr("tools.verify.subprocess.run", run)
    if code != verify.DAMAGED:
        assert verify.main(["dev"]) == code
        assert len(calls) == 1
        return
    with pytest.raises(Problem, match="make up STACK=dev pushes it again"):
        verify.main(["dev"])
    command, options = calls[1]
    assert command[1:] == ["refresh", "--stack", "dev", "--yes", "--skip-preview", "--target", f"urn:{verify.IMAGE}"]
    assert options["env"]["HERO_VERIFY"] == "1"
    assert not any("hunter2" in word for command, _ in calls for word in command)
