"""What a run that was killed has left undecided, and the commands that decide it before the next `up`.

Pulumi writes down what it is about to do, does it, and then what came of it. Of what a kill left between the two it
says no more than that it is in an unknown state, and goes on as if nothing of it had been done: an `up` after a
`destroy` that was killed takes what is gone for what is there.
"""

from __future__ import annotations

from typing import Any

SURE = ["--yes", "--skip-preview"]
# Ends with the stack whatever has become of it.
SWEPT = "hero-home:provider:RegistryProcess"
# Their deletes only check. To repeat one would refuse the `up` that was asked for, where images of others are stored.
GUARDS = ("hero-home:provider:StorageGuard", "hero-home:provider:Home")


def commands(state: dict[str, Any], *, lacks_a_step: bool = False) -> list[list[str]]:
    """What to run, in order; nothing where no run was killed.

    `lacks_a_step` says that the state is a copy from before the last step, so that it does not name what was under way.

    What was being deleted is deleted to its end, since a refresh still sees what goes slowly, such as a namespace. What
    an update has put in another's place is left to the next `up`, which knows which of the two has to go.
    """
    pending = _pending(state)
    going = [each["resource"] for each in pending if each["type"] == "deleting"]
    targets = [word for each in going if _is_repeated(each) for word in ("--target", each["urn"])]
    destroy = [["destroy", *SURE, *targets]] if targets else []
    # What was being created is there or not; whoever makes it again takes over what is there.
    look = [["refresh", *SURE, "--clear-pending-creates"]] if pending or lacks_a_step else []
    return [*destroy, *look]


def _is_repeated(resource: dict[str, Any]) -> bool:
    """Whether a delete that was cut short is done again before the next `up`."""
    return not resource.get("delete") and resource.get("type") not in GUARDS


def may_be_left(state: dict[str, Any]) -> list[str]:
    """The names of what a killed run was creating, and what is in no state therefore."""
    created = [each["resource"] for each in _pending(state) if each["type"] == "creating"]
    return [each["urn"].rpartition("::")[2] for each in created if each["type"] != SWEPT]


def _pending(state: dict[str, Any]) -> list[dict[str, Any]]:
    return state.get("pending_operations") or []
