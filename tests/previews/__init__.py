"""Event logs of the real CLI, recorded of the real program with stand-ins for the providers.

`make previews` records them again: `<name>.jsonl` holds the events, without the engine's debugging lines, and
`<name>.secrets.json` what the state held as a secret then; keys are left out of that, so that no scanner takes them for
somebody's. They open nothing: the world that they were made for is gone.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = ("first", "unchanged", "changed", "failed", "drifted")


def events(name: str) -> list[str]:
    """The lines of the log."""
    return (FOLDER / f"{name}.jsonl").read_text().splitlines()


def secrets(name: str) -> list[str]:
    """In clear."""
    return json.loads((FOLDER / f"{name}.secrets.json").read_text())
