"""What a stack is made of."""

import pulumi

_debug = pulumi.log.debug


def _debug_without_properties(
    msg: str,
    resource: pulumi.Resource | None = None,
    stream_id: int | None = None,
    ephemeral: bool | None = None,  # noqa: FBT001 - the SDK's own signature
) -> None:
    _debug(msg.partition(", props=")[0], resource, stream_id, ephemeral)


# The SDK's debug lines show a stack's outputs as they go over the wire, secrets in clear, and so they stand in every
# event log and in `--debug`.
pulumi.log.debug = _debug_without_properties
