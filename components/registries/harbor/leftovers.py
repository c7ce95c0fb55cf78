"""What a killed run has left in a Harbor, so that the next one can make it."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from components.plugin import call_plugin
from providers.harbor import Administrator


def forgetting(name: str, administrator: Administrator) -> pulumi.ResourceOptions:
    """Before something is made, take away what is in Harbor, known by the same, and in no state.

    A run that was killed while it was made leaves that behind, and Harbor answers 409 from then on.
    """
    opened: list[str] = []
    trusted: list[str] = []
    # Both are known by the time at which anything is made in Harbor.
    administrator.password.apply(opened.append)
    if administrator.authority:
        administrator.authority.apply(trusted.append)

    def forget(about: pulumi.ResourceHookArgs) -> None:
        inputs: Mapping[str, Any] = about.new_inputs or {}
        given = {
            "url": administrator.url,
            "username": administrator.username,
            "password": opened[0],
            "caCertificate": trusted[0] if trusted else "",
            "kind": about.type.rpartition(":")[2],
            "inputs": {key: value for key, value in inputs.items() if isinstance(value, str | int | float)},
        }
        call_plugin("forget-in-harbor", str(inputs.get("name") or about.name), told=json.dumps(given))

    hook = pulumi.ResourceHook(f"{name}-forget", forget)
    return pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook]))
