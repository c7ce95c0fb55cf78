"""What is done about what a killed run has left undecided."""

from typing import Any

import pytest

from tools import recovery

RELEASE = "urn:pulumi:dev::hero::hero:registry:Zot$kubernetes:helm.sh/v3:Release::zot-release"
PROCESS = "urn:pulumi:dev::hero::hero:registry:Embedded$hero-home:provider:RegistryProcess::embedded-process"
REFRESH = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]


def pending(operation: str, urn: str = RELEASE, **resource: object) -> dict[str, Any]:
    return {"type": operation, "resource": {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], **resource}}


@pytest.mark.parametrize("state", [{}, {"pending_operations": None}, {"pending_operations": []}])
def test_nothing_where_no_run_was_killed(state: dict[str, Any]) -> None:
    assert recovery.commands(state) == []
    assert recovery.may_be_left(state) == []


@pytest.mark.parametrize("operation", ["creating", "updating"])
def test_what_was_being_made_or_changed_is_looked_at(operation: str) -> None:
    assert recovery.commands({"pending_operations": [pending(operation)]}) == [REFRESH]


def test_what_was_going_goes() -> None:
    state = {"pending_operations": [pending("deleting"), pending("deleting", PROCESS)]}
    destroy = ["destroy", "--yes", "--skip-preview", "--target", RELEASE, "--target", PROCESS]
    assert recovery.commands(state) == [destroy, REFRESH]


def test_what_was_replaced_already_is_left_to_the_update() -> None:
    assert recovery.commands({"pending_operations": [pending("deleting", delete=True)]}) == [REFRESH]


def test_what_no_state_knows_is_named() -> None:
    state = {"pending_operations": [pending("creating"), pending("creating", PROCESS), pending("updating")]}
    assert recovery.may_be_left(state) == ["zot-release"]


@pytest.mark.parametrize("guard", recovery.GUARDS)
def test_check_of_a_killed_down_is_not_repeated(guard: str) -> None:
    state = {"pending_operations": [pending("deleting", f"urn:pulumi:dev::hero::{guard}::a")]}
    assert recovery.commands(state) == [REFRESH]
