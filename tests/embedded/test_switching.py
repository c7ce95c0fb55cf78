"""From one real registry to another, with all that lives there: an embedded one, and one that a Hub's config names.

`HERO_SOAK=1` takes 1 GB in 50 tags, and kills the copy at ten points.
"""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import SECONDS_FOR_A_COMMAND, Checkout, commands, new_checkout
from tests.embedded.test_mishaps import wait_for_bytes
from tests.images import layer, write_layout

LONG_RUN = os.environ.get("HERO_SOAK") == "1"
TAGS, KILLS, MEGABYTES = (50, 10, 1000) if LONG_RUN else (12, 3, 120)
SIZE = MEGABYTES * 10**6 // TAGS


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """The checkout whose embedded registry is the other home."""
    with new_checkout(tmp_path_factory.mktemp("other")) as checkout:
        checkout.up()
        yield checkout


@dataclass(frozen=True)
class Lived:
    """What lives in a stack's repository, as an independent client sees it."""

    checkout: Checkout
    told: dict[str, Any]

    def crane(self, *arguments: str, who: str = "puller") -> str:
        """The client, logged in."""
        return self.checkout.crane(*arguments, who=who, told=self.told)

    @property
    def repository(self) -> str:
        """As the stack tells it."""
        return self.told["repository"]

    def push(self, tag: str, content: bytes, subject: Mapping[str, object] | None = None) -> dict[str, object]:
        """An image of one layer, attached to its subject where it has one; returns its descriptor."""
        folder = self.checkout.path / ".hero-pushed"
        digest = write_layout(folder, [layer({"content": content})], subject)
        size = (folder / "blobs" / "sha256" / digest.removeprefix("sha256:")).stat().st_size
        self.crane("push", str(folder), f"{self.repository}:{tag}", who="pusher")
        shutil.rmtree(folder)
        return {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size}

    def digests(self) -> dict[str, str]:
        """What each tag names; for the lists of what is attached to an image, what is in them."""
        return {tag: self._named(f"{self.repository}:{tag}") for tag in self.crane("ls", self.repository).splitlines()}

    def _named(self, reference: str) -> str:
        if not reference.partition("/")[2].partition(":")[2].startswith("sha256-"):
            return self.crane("digest", reference)
        # Such a list is written anew wherever it is needed, by whoever attaches.
        return " ".join(sorted(each["digest"] for each in json.loads(self.crane("manifest", reference))["manifests"]))


@pytest.fixture
def furnished(checkout: Checkout) -> dict[str, str]:
    """The digests of a home with Hero and its SBOMs, and images of somebody else, some with something attached."""
    checkout.up()
    home = Lived(checkout, checkout.outputs())
    for number in range(TAGS):
        image = home.push(f"theirs-{number}", os.urandom(SIZE))
        if number % 5 == 0:
            home.push(f"attached-{number}", os.urandom(1000), image)
    found = home.digests()
    assert len([tag for tag in found if tag.startswith("sha256-")]) > TAGS // 5, "Hero's SBOMs are attached too"
    return found


def choose(checkout: Checkout, other: Checkout, namespace: str) -> None:
    """The other registry, as a Hub's config names it, is the home."""
    name(checkout, other, namespace)
    make_home(checkout, "dockerhub")


def make_home(checkout: Checkout, registry: str) -> None:
    """Of the registries that config names, it is the one where Hero lives."""
    assert checkout.pulumiw("config", "set", "--stack", "dev", "hero:registry", registry).code == 0


def name(checkout: Checkout, other: Checkout, namespace: str) -> None:
    """The other registry, as a Hub's config names it."""
    told = other.outputs()
    file = checkout.path / "Pulumi.dev.yaml"
    block = [
        "hero:dockerhub:",
        f"  server: {told['address']}",
        f"  namespace: {namespace}",
        f"  username: {told['pusherUsername']}",
        f"  pullerUsername: {told['pullerUsername']}",
    ]
    file.write_text(file.read_text().replace("config:\n", "config:\n" + "".join(f"  {line}\n" for line in block)))
    checkout.set_secret("hero:dockerhub.token", told["pusherPassword"])
    checkout.set_secret("hero:dockerhub.pullerToken", told["pullerPassword"])


def test_everything_moves_with_its_digests(checkout: Checkout, other: Checkout, furnished: dict[str, str]) -> None:
    old = checkout.outputs()
    choose(checkout, other, "moved")
    seen = checkout.pulumiw("preview", "--stack", "dev")
    assert seen.code == 0, seen.text
    assert "Hero moves from embedded to dockerhub. Copied, with the same digests: " in seen.text
    assert "Then embedded goes with all that lives there." in seen.text
    report = checkout.make("preview").text.partition("<!-- hero preview of dev -->")[2]
    assert "info (home): Hero moves from embedded to dockerhub. Copied, with the same digests: " in report
    assert "Then embedded goes with all that lives there." in report
    assert Lived(checkout, old).digests() == furnished, "a preview copies nothing"
    checkout.up()
    told = checkout.outputs()
    assert told["registry"] == "dockerhub"
    assert told["repository"] == f"{other.outputs()['address']}/moved/hero"
    assert told["digest"] == old["digest"]
    assert Lived(checkout, told).digests() == furnished
    assert checkout.registry_process() is None
    assert not (checkout.path / ".hero").exists()
    assert checkout.up().unchanged
    where = checkout.make("where")
    assert where.code == 0, where.text
    for tag, digest in furnished.items():
        assert tag.startswith("sha256-") or f"{digest}  dockerhub" in where.text
    assert old["pusherPassword"] not in where.text
    assert other.outputs()["pusherPassword"] not in where.text


def test_a_copy_that_is_killed_goes_on(checkout: Checkout, other: Checkout, furnished: dict[str, str]) -> None:
    choose(checkout, other, "killed")
    # What is whole; what a killed run has left of an upload lies elsewhere, and does not count.
    stored = other.path / ".hero" / "dev" / "registry" / "storage" / "docker" / "registry" / "v2" / "blobs"
    before = sum(file.stat().st_size for file in stored.rglob("*") if file.is_file())
    for point in range(1, KILLS + 1):
        run = checkout.start("make", "up")
        wait_for_bytes(stored, before + SIZE * TAGS * point // (KILLS + 1))
        end_all_of(checkout)
        run.communicate(timeout=SECONDS_FOR_A_COMMAND)
        if run.returncode == 0:
            assert point > 1, "the copy was over before it was killed at all"
            break
        assert checkout.registry_process() is not None, "the old home stands"
    checkout.up()
    assert Lived(checkout, checkout.outputs()).digests() == furnished
    assert checkout.registry_process() is None
    assert checkout.up().unchanged


def test_images_of_others_are_not_destroyed(checkout: Checkout) -> None:
    checkout.up()
    Lived(checkout, checkout.outputs()).push("theirs", b"precious")
    refused = checkout.make("down")
    assert refused.code != 0
    assert "the stack has not pushed hero:theirs" in refused.text
    assert "hero:switch.discard true" in refused.text
    assert checkout.pulumiw("config", "set", "--stack", "dev", "--path", "hero:switch.discard", "true").code == 0
    checkout.up()
    checkout.down()
    assert checkout.registry_process() is None


def test_two_homes_at_once(checkout: Checkout, other: Checkout) -> None:
    name(checkout, other, "mirrored")
    mirror(checkout, "dockerhub")
    checkout.up()
    told, process = checkout.outputs(), checkout.registry_process()
    copied = {**other.outputs(), "repository": f"{other.outputs()['address']}/mirrored/hero"}
    assert told["mirrors"] == [f"{copied['repository']}@{told['digest']}"]
    homes = Lived(checkout, told), Lived(other, copied)
    held = homes[0].digests()
    assert [tag for tag in held if tag.startswith("sha256-")], "an SBOM is attached"
    assert homes[1].digests() == held
    assert checkout.up().unchanged
    where = checkout.make("where")
    assert where.code == 0, where.text
    assert f"{told['digest']}  embedded, dockerhub" in where.text
    (checkout.path / "hero" / "page.html").write_text("<h1>Another Hero</h1>")
    checkout.up()
    changed = homes[0].digests()
    assert changed["latest"] not in held.values()
    assert homes[1].digests() == changed, "another image is in both with one up"
    make_home(checkout, "dockerhub")
    mirror(checkout, "embedded")
    checkout.up()
    assert checkout.outputs()["repository"] == copied["repository"]
    assert checkout.registry_process() == process, "no registry went, and none came"
    assert homes[1].digests() == changed
    assert checkout.up().unchanged
    checkout.down()
    assert checkout.registry_process() is None


def mirror(checkout: Checkout, registry: str) -> None:
    """It keeps Hero too."""
    assert checkout.pulumiw("config", "set", "--stack", "dev", "--path", "hero:mirrors[0]", registry).code == 0


def end_all_of(checkout: Checkout) -> None:
    """Kill -9 the CLI and the plugin that work in this checkout."""
    for process, words in commands():
        with contextlib.suppress(OSError):
            here = Path(f"/proc/{process}/cwd").readlink() == checkout.path
            program = words[0].rpartition(b"/")[2]
            ours = program == b"pulumi-resource-hero-home" and words[1:2] != [b"registry"]
            if here and (ours or (program == b"pulumi" and b"up" in words)):
                os.kill(process, signal.SIGKILL)
