"""`make keys`: the tables of config keys in docs/, written from the models that check them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_origin

from components.catalogue import CHOICES
from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.mirrors import FallbackSettings
from components.settings import Block, block_within
from components.switch import SwitchSettings
from tools.places import ROOT
from tools.readme import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES: dict[str, tuple[str, type[Block]]] = {
    **{name: (f"docs/{choice.page}.md", choice.settings) for name, choice in CHOICES.items()},
    "image": ("docs/image.md", ImageSettings),
    "pullSecrets": ("docs/pull-secrets.md", PullSecretsSettings),
    "cluster": ("docs/cluster.md", ClusterSettings),
    "nydus": ("docs/nydus.md", NydusSettings),
    "switch": ("docs/switching.md", SwitchSettings),
    "fallback": ("docs/mirrors.md", FallbackSettings),
}


def table(name: str) -> str:
    """Every key of the block `hero:<name>`, also those of blocks within it, with its default and what it allows."""
    return "\n".join(["| key | default | allowed |", "| --- | --- | --- |", *_rows(f"hero:{name}", PAGES[name][1])])


def _rows(path: str, model: type[Block]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{path}.{field.alias or name}"
        default = "needed" if field.is_required() else _default(field.default)
        yield f"| `{key}` | {default} | {_escaped(field.description or '')} |"
        inner = block_within(field.annotation)
        if inner:
            yield from _rows(f"{key}[]" if get_origin(field.annotation) is list else key, inner)


def _default(value: object) -> str:
    if value in (None, "", [], {}) or isinstance(value, Block):
        return ""
    if isinstance(value, list):
        return f"`{', '.join(map(str, cast('list[object]', value)))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("<", r"\<")


if __name__ == "__main__":
    for block, (page, _) in PAGES.items():
        write_table("keys", table(block), ROOT / page)
