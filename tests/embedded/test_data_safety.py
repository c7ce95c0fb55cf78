"""Images of other users in the embedded registry: each way by which they could be deleted names and keeps them."""

import os
import shutil
from collections.abc import Generator

import pytest

from tests.checkout import Checkout, new_checkout
from tests.embedded.test_switching import choose, make_home
from tests.images import layer, write_layout

FOREIGN = "team/other"
PROCESS = "urn:pulumi:dev::hero::hero:registry:Embedded$hero-home:provider:RegistryProcess::embedded-process"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """A checkout whose embedded registry is the one that a stack moves to."""
    with new_checkout(tmp_path_factory.mktemp("other")) as checkout:
        checkout.up()
        yield checkout


def push_foreign(checkout: Checkout) -> str:
    """Push an image as another user with the push credential does; returns the address of the registry."""
    told = checkout.outputs()
    folder = checkout.path / ".hero-pushed"
    write_layout(folder, [layer({"content": os.urandom(100)})])
    checkout.crane("push", str(folder), f"{told['address']}/{FOREIGN}:v1", who="pusher", told=told)
    shutil.rmtree(folder)
    return told["address"]


def discard(checkout: Checkout) -> None:
    """Give up images that the stack has not pushed, as the hint says."""
    assert checkout.pulumiw("config", "set", "--stack", "dev", "--path", "hero:switch.discard", "true").code == 0


def is_stored(checkout: Checkout, directory: str = ".hero/dev/registry") -> bool:
    """Whether the foreign image is on the disk."""
    storage = checkout.path / directory / "storage" / "docker" / "registry" / "v2" / "repositories"
    return (storage / FOREIGN / "_manifests" / "tags" / "v1" / "current" / "link").exists()


@pytest.mark.parametrize("runs", [True, False], ids=["running", "dead"])
def test_down_with_foreign_images_deletes_nothing(checkout: Checkout, *, runs: bool) -> None:
    checkout.up()
    address, process, before = push_foreign(checkout), checkout.registry_process(), checkout.state()
    if not runs:
        checkout.kill_registry()
    refused = checkout.make("down")
    assert refused.code != 0
    assert f"the stack has not pushed {FOREIGN}:v1" in refused.text
    assert "--stack dev --path hero:switch.discard true" in refused.text
    assert checkout.state().keys() == before.keys(), "nothing was deleted before the refusal"
    assert is_stored(checkout)
    if runs:
        assert checkout.registry_process() == process
    checkout.up()
    assert "v1" in checkout.crane("ls", f"{address}/{FOREIGN}")
    discard(checkout)
    checkout.up()
    checkout.down()
    assert not (checkout.path / ".hero").exists()


def test_move_with_foreign_repositories_is_refused(checkout: Checkout, other: Checkout) -> None:
    checkout.up()
    push_foreign(checkout)
    checkout.kill_registry()
    told = checkout.outputs()
    choose(checkout, other, "refused")
    refused = checkout.make("up")
    assert refused.code != 0
    assert f"{FOREIGN}:v1" in refused.text
    assert checkout.outputs() == told
    assert is_stored(checkout)
    make_home(checkout, "embedded")
    checkout.up()
    assert "v1" in checkout.crane("ls", f"{told['address']}/{FOREIGN}")
    make_home(checkout, "dockerhub")
    discard(checkout)
    checkout.up()
    assert not (checkout.path / ".hero").exists()


def test_move_from_a_dead_registry(checkout: Checkout, other: Checkout) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    checkout.kill_registry()
    choose(checkout, other, "dead")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    assert checkout.registry_process() is None
    assert not (checkout.path / ".hero").exists()


def test_changed_directory_with_foreign_images_is_refused(checkout: Checkout) -> None:
    checkout.up()
    push_foreign(checkout)
    set_directory(checkout, ".hero/another")
    for command in ("preview", "up"):
        refused = checkout.make("up") if command == "up" else checkout.pulumiw("preview", "--stack", "dev")
        assert refused.code != 0
        assert f"{FOREIGN}:v1" in refused.text
    assert is_stored(checkout)
    discard(checkout)
    checkout.up()
    assert not is_stored(checkout)
    assert checkout.up().unchanged


def test_replaced_registry_keeps_foreign_images(checkout: Checkout) -> None:
    checkout.up()
    push_foreign(checkout)
    replaced = checkout.pulumiw("up", "--yes", "--stack", "dev", "--skip-preview", "--replace", PROCESS)
    assert is_stored(checkout), replaced.text
    if replaced.code == 0:
        assert "v1" in checkout.crane("ls", f"{checkout.outputs()['address']}/{FOREIGN}")
    checkout.up()
    assert is_stored(checkout)


def test_keep_data_switched_off_keeps_foreign_images(checkout: Checkout) -> None:
    keep_data(checkout, "true")
    checkout.up()
    push_foreign(checkout)
    checkout.down()
    assert is_stored(checkout), "keepData is true"
    keep_data(checkout, "false")
    checkout.up()
    refused = checkout.make("down")
    assert refused.code != 0
    assert f"{FOREIGN}:v1" in refused.text
    assert is_stored(checkout)


def test_former_images_of_the_stack_are_deleted(checkout: Checkout) -> None:
    checkout.up()
    for text in ("one", "two"):
        (checkout.path / "hero" / "page.html").write_text(f"<h1>{text}</h1>")
        checkout.up()
    checkout.down()
    assert not (checkout.path / ".hero").exists()


def set_directory(checkout: Checkout, directory: str) -> None:
    """Another directory of the registry."""
    words = ("config", "set", "--stack", "dev", "--path", "hero:embedded.directory", directory)
    assert checkout.pulumiw(*words).code == 0


def keep_data(checkout: Checkout, value: str) -> None:
    """Whether the images outlive a destroy."""
    assert checkout.pulumiw("config", "set", "--stack", "dev", "--path", "hero:embedded.keepData", value).code == 0
