"""The resources of a preview as a Mermaid graph, each below its parent and coloured by what would become of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.preview.events import Preview, Resource

# GitHub's Mermaid draws no graph of more than 500 edges, and nobody reads one of more than this.
MOST_NODES = 120
# Readable on light and on dark.
COLOURS = {
    "same": "fill:#eaeef2,stroke:#8c959f,color:#1f2328",
    "read": "fill:#eaeef2,stroke:#8c959f,color:#1f2328",
    "create": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "import": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "update": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "replace": "fill:#fbefff,stroke:#8250df,color:#1f2328",
    "delete": "fill:#ffebe9,stroke:#cf222e,color:#1f2328",
    "forget": "fill:#ffebe9,stroke:#cf222e,color:#1f2328",
}
# What has a meaning of its own in Mermaid or in HTML never gets there.
PLAIN = re.compile(r"[^\w .:/@-]")


def draw(preview: Preview) -> tuple[list[str], int]:
    """The lines of the graph, and how many resources are not in it. A parent comes before its children."""
    shown = _shown(preview)
    numbers = {urn: number for number, urn in enumerate(shown)}
    lines = ["flowchart LR"]
    for urn, number in numbers.items():
        resource = preview.resources[urn]
        lines.append(f'  n{number}["{_plain(resource.name)}<br/>{_plain(resource.type)}"]:::{resource.operation}')
        if resource.parent in numbers:
            lines.append(f"  n{numbers[resource.parent]} --> n{number}")
    used = dict.fromkeys(preview.resources[urn].operation for urn in shown)
    lines += [f"  classDef {operation} {COLOURS[operation]}" for operation in used]
    return lines, len(preview.resources) - len(shown)


def _shown(preview: Preview) -> list[str]:
    """All of them where they are few; else those that change and what they are in."""
    if len(preview.resources) <= MOST_NODES:
        return _parents_first(preview, list(preview.resources.values()))
    changed = _parents_first(preview, preview.changed)
    return changed[:MOST_NODES]


def _parents_first(preview: Preview, resources: list[Resource]) -> list[str]:
    ordered: dict[str, None] = {}
    for resource in resources:
        line: list[str] = []
        urn = resource.urn
        while urn in preview.resources and urn not in ordered and urn not in line:
            line.append(urn)
            urn = preview.resources[urn].parent
        ordered.update(dict.fromkeys(reversed(line)))
    return list(ordered)


def _plain(text: str) -> str:
    return PLAIN.sub("_", text)
