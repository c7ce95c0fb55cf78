"""Damaged files in the embedded registry's storage: what finds them, and what repairs them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import Checkout


def storage(checkout: Checkout, digest: str) -> Path:
    """The file in which Distribution stores content."""
    algorithm, _, sum_ = digest.partition(":")
    root = checkout.path / ".hero" / "dev" / "registry" / "storage" / "docker" / "registry" / "v2" / "blobs"
    return root / algorithm / sum_[:2] / sum_ / "data"


def layer_of(checkout: Checkout) -> Path:
    manifest = json.loads(checkout.crane("manifest", checkout.outputs()["image"]))
    while "manifests" in manifest:
        child = manifest["manifests"][0]["digest"]
        manifest = json.loads(checkout.crane("manifest", f"{checkout.outputs()['repository']}@{child}"))
    return storage(checkout, manifest["layers"][-1]["digest"])


def change(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


DAMAGES: dict[str, Callable[[Path], None]] = {"changed": change, "empty": empty, "removed": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGES)
def test_integrity_damaged_layer_is_repaired(checkout: Checkout, damage: str) -> None:
    checkout.up()
    assert checkout.make("verify").code == 0
    layer = layer_of(checkout)
    whole = layer.read_bytes()
    DAMAGES[damage](layer)
    assert "serves damaged content" in checkout.make("where").text
    checkout.refresh()
    assert layer.parent.name in checkout.state()["hero-image"]["damaged"][0]
    assert "hero-image updated" in checkout.up().text
    assert layer.read_bytes() == whole
    assert "damaged" not in checkout.state()["hero-image"]
    assert "unchanged" in checkout.up().text


def test_integrity_verify_records_damage_for_the_next_up(checkout: Checkout) -> None:
    checkout.up()
    layer = layer_of(checkout)
    whole = layer.read_bytes()
    change(layer)
    verified = checkout.make("verify")
    assert verified.code != 0
    assert f"sha256:{layer.parent.name} (layer)" in verified.text
    checkout.up()
    assert layer.read_bytes() == whole
    assert checkout.make("verify").code == 0
