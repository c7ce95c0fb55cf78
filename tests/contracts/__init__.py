"""What the pinned charts and registries themselves know, as data.

`python -m tests.contracts zot=VALUES.yaml …` writes `<chart>.json`, the keys of a chart's default values, without what
they hold.
`zot-config-schema.json` is what `zot schema` printed.
"""

from typing import Any, cast


def unknown_keys(values: dict[str, Any], known: dict[str, Any], path: str = "") -> list[str]:
    """Paths of values that a chart's defaults do not name; below what they leave empty anything may stand."""
    found: list[str] = []
    for key, value in values.items():
        if key not in known:
            found.append(f"{path}{key}")
        elif isinstance(value, dict) and isinstance(known[key], dict):
            found += unknown_keys(cast("dict[str, Any]", value), known[key], f"{path}{key}.")
    return found
