"""What is started here: all that a node has, and two small programs of our own, built the first time."""

from pathlib import Path

from tools.node import programs

OURS = Path(__file__).parent / "programs"


def ensure_programs() -> programs.Programs:
    """All of them, built if need be."""
    return programs.ensure_programs({name: (OURS, f"./{name}") for name in ("link", "starter")})
