"""A break of the program, and who sees it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One break: what stood in a file, and what stands there instead."""

    what: str
    file: str
    old: str
    new: str
    seen_by: str
    """The test that turns red: pytest's name of it, or that of a function of the plugin's own tests in Go."""
