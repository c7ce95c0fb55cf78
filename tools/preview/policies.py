"""The policy pack of a preview, and what the CLI gives to it."""

from policies.stack_file import configuration

__all__ = ["PACK", "configuration"]

PACK = "policies"
