"""`python -m tests.contracts zot=VALUES.yaml …` keeps the keys of each chart's default values."""

import json
import sys
from pathlib import Path
from typing import Any, cast

import yaml

FOLDER = Path(__file__).parent


def keys(values: dict[str, Any]) -> dict[str, Any]:
    """The same map with nothing in it but keys; what is no map, or an empty one, may hold anything."""
    return {
        name: keys(cast("dict[str, Any]", value)) if isinstance(value, dict) and value else None
        for name, value in values.items()
    }


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        chart, _, file = argument.partition("=")
        known = keys(yaml.safe_load(Path(file).read_text()))
        (FOLDER / f"{chart}.json").write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
