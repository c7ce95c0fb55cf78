"""The image's form for Nydus for real: converted by the real programs, pushed to the real registry."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Checkout
from tests.images import layer, write_layout
from tools.provide import provide
from tools.rust import Uninstalled

NYDUS_BLOB, NYDUS_BOOTSTRAP = "containerd.io/snapshot/nydus-blob", "containerd.io/snapshot/nydus-bootstrap"
PROGRAMS = ("accelctl", "nydus-image")


@pytest.fixture
def equipped(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A checkout on a machine that has the programs, and a folder for temporary files of its own."""
    try:
        for program in PROGRAMS:
            provide(program)  # Their build may take longer than a command of a test may.
    except Uninstalled as problem:
        pytest.skip(str(problem))
    (tmp_path / "temporary").mkdir()
    checkout.environment["TMPDIR"] = str(tmp_path / "temporary")
    return checkout


def test_each_tag_has_its_form_and_a_changed_line_makes_one_more(equipped: Checkout) -> None:
    checkout = equipped
    image = ("tags: [v1, latest]", "platforms: [linux/amd64, linux/arm64]", "nydusPrefetch: [/ko-app/hero]")
    checkout.use_image(*image, "nydus: true")
    checkout.up()
    told = checkout.outputs()
    form = told["nydusImage"].partition("@")[2]
    assert {tag: digest_of(checkout, tag) for tag in ("v1", "v1-nydus", "latest-nydus")} == {
        "v1": told["digest"], "v1-nydus": form, "latest-nydus": form,
    }  # fmt: skip
    converted, usual = manifest_of(checkout, form)["manifests"], manifest_of(checkout, told["digest"])["manifests"]
    assert [each["platform"]["architecture"] for each in converted] == ["amd64", "arm64"]
    for of, made in zip(usual, converted, strict=True):
        check_form(checkout, of["digest"], made["digest"])
    assert checkout.make("preview").unchanged
    assert checkout.up().unchanged
    assert checkout.refresh().unchanged

    page = checkout.path / "hero" / "main.go"
    page.write_text(page.read_text() + "\nvar _ = 1\n\nfunc init() { println(1) }\n")
    assert re.search(r"^\s+~ 3 updated$", checkout.up().text, re.MULTILINE)  # the image, its Nydus image and the guard
    after = checkout.outputs()
    assert after["digest"] != told["digest"]
    assert after["nydusImage"] == f"{told['repository']}@{digest_of(checkout, 'v1-nydus')}" != told["nydusImage"]
    assert checkout.up().unchanged

    checkout.crane("delete", f"{told['repository']}:v1-nydus", who="pusher")
    assert "hero-nydus" in checkout.refresh().text
    assert re.search(r"^\s+~ 1 updated$", checkout.up().text, re.MULTILINE)
    assert after["nydusImage"].endswith(digest_of(checkout, "v1-nydus"))

    checkout.use_image(*image[:2])
    checkout.up()
    assert {tag for tag in tags_of(checkout) if not tag.startswith("sha256-")} == {"v1", "latest"}
    assert not list(Path(checkout.environment["TMPDIR"]).iterdir())


def test_one_index_has_both_forms_and_a_plain_client_takes_the_usual_one(equipped: Checkout) -> None:
    content = layer({"hello": b"world" * 1000})
    digest = write_layout(equipped.path / "layout", [content])
    equipped.use_image("build: existing", "source: ./layout", "tags: [v1]", "nydus: merged")
    equipped.up()
    told = equipped.outputs()
    usual, form = manifest_of(equipped, digest_of(equipped, "v1-nydus"))["manifests"]
    # That containerd knows the two apart by, it has an empty layer before the others.
    assert manifest_of(equipped, usual["digest"])["layers"][1:] == manifest_of(equipped, digest)["layers"]
    assert usual["platform"] == {"architecture": "amd64", "os": "linux"}
    assert form["platform"] == usual["platform"]
    assert form["artifactType"] == "application/vnd.nydus.image.manifest.v1+json"
    check_form(equipped, digest, form["digest"])
    plain = equipped.path / ".hero" / "plain.tar"
    equipped.crane("export", "--platform", "linux/amd64", f"{told['repository']}:v1-nydus", str(plain))
    assert b"world" * 1000 in plain.read_bytes()
    assert equipped.up().unchanged


def check_form(checkout: Checkout, of: str, made: str) -> None:
    """It has OCI media types, is of this image, has what nydusd reads, and is found by the image."""
    form = manifest_of(checkout, made)
    assert form["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert form["subject"]["digest"] == of
    assert {each["mediaType"].partition("+")[0] for each in form["layers"]} <= {
        "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nydus.blob.v1",
    }  # fmt: skip
    marks = [each["annotations"].keys() for each in form["layers"]]
    assert all(NYDUS_BLOB in mark for mark in marks[:-1])
    assert NYDUS_BOOTSTRAP in marks[-1]
    assert "127.0.0.1" not in json.dumps(form).replace(checkout.outputs()["address"], "")
    referrers = manifest_of(checkout, None, of.replace(":", "-"))["manifests"]
    assert made in [each["digest"] for each in referrers]


def manifest_of(checkout: Checkout, digest: str | None, tag: str = "") -> dict[str, Any]:
    """A manifest of Hero's repository."""
    repository = checkout.outputs()["repository"]
    return json.loads(checkout.crane("manifest", f"{repository}@{digest}" if digest else f"{repository}:{tag}"))


def digest_of(checkout: Checkout, tag: str) -> str:
    """What a tag names."""
    return checkout.crane("digest", f"{checkout.outputs()['repository']}:{tag}")


def tags_of(checkout: Checkout) -> list[str]:
    """All tags of Hero's repository."""
    return checkout.crane("ls", checkout.outputs()["repository"]).split()
