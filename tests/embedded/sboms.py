"""What a registry's clients find of an image's SBOMs."""

import json
from typing import Any

from tests.checkout import Checkout


def documents_of(checkout: Checkout, digest: str, told: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The SPDX documents whose subject the image is, by the tag that clients fall back to."""
    told = told or checkout.outputs()
    repository, fallback = told["repository"], digest.replace(":", "-")
    if fallback not in checkout.crane("ls", repository, told=told).split():
        return []
    referrers = json.loads(checkout.crane("manifest", f"{repository}:{fallback}", told=told))["manifests"]
    assert {each["artifactType"] for each in referrers} == {"application/spdx+json"}
    manifests = [
        json.loads(checkout.crane("manifest", f"{repository}@{each['digest']}", told=told)) for each in referrers
    ]
    assert {manifest["subject"]["digest"] for manifest in manifests} == {digest}
    blobs = [manifest["layers"][0]["digest"] for manifest in manifests]
    return [json.loads(checkout.crane("blob", f"{repository}@{blob}", told=told)) for blob in blobs]


def versions_in(document: dict[str, Any]) -> dict[str, str]:
    """The version of each package that the document names."""
    return {package["name"]: package.get("versionInfo", "") for package in document["packages"]}
