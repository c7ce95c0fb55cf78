"""Which image runs in a cluster: one of a version, better one by its digest."""

import re
from collections.abc import Iterator
from typing import Any, cast

from policies.rule import Resource, Rule, Said, leaves

IN_A_POD = re.compile(r"(^|\.)(init|ephemeral)?containers\[\d+\]\.image$", re.IGNORECASE)
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
VERSION = re.compile(r":(?!latest$)[\w][\w.-]*(@sha256:[0-9a-f]{64})?$")


def check_version(resource: Resource, _: Said) -> Iterator[str]:
    """Without one, what runs is another one from day to day."""
    for path, image in _images(resource):
        if not DIGEST.search(image) and not VERSION.search(image):
            yield f"{path} has no version, or `latest`: what runs is another one from day to day"


def check_digest(resource: Resource, _: Said) -> Iterator[str]:
    """A tag of a version can be put on another image, too."""
    without = [path for path, image in _images(resource) if not DIGEST.search(image)]
    if without:
        yield f"by a tag alone, which can be put on another image: {', '.join(without)}"


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    """Those of pods, and those that a chart's values name by repository and tag; each as a pod would name it."""
    if not resource.type.startswith("kubernetes:"):
        return
    for path, value in leaves(dict(resource.inputs)):
        if isinstance(value, str) and IN_A_POD.search(path):
            yield path, value
    yield from _in_values(resource.inputs.get("values"), "values")


def _in_values(value: object, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        return
    values = cast("dict[str, Any]", value)
    repository, tag, digest = (values.get(name) for name in ("repository", "tag", "digest"))
    if isinstance(repository, str) and ("tag" in values or "digest" in values):
        tagged = f"{repository}:{tag}" if tag else repository
        yield path, f"{tagged}@{digest}" if digest else tagged
    for name, each in values.items():
        yield from _in_values(each, f"{path}.{name}")


IMAGES_OF_A_VERSION = Rule(
    "images-of-a-version", "Every image in the cluster has a version tag or a digest.", check_version
)
IMAGES_BY_DIGEST = Rule(
    "images-by-digest", "Every image in the cluster is pinned by its digest.", check_digest, advisory=True
)
