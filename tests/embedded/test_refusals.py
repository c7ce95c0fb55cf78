"""What the world may have against a registry here: each is told with its cure, and leaves nothing half made."""

import socket
import subprocess
from pathlib import Path

import pytest

from tests.checkout import Checkout, new_checkout


def refused(checkout: Checkout, *words: str) -> str:
    """`make up` fails in these words, for people, and nothing of a registry is left."""
    ended = checkout.make("up")
    assert ended.code != 0, ended.text
    for word in words:
        assert word in ended.text, ended.text
    assert "Traceback" not in ended.text
    assert "panic" not in ended.text
    assert checkout.registry_process() is None
    return ended.text


def test_a_port_that_is_taken(checkout: Checkout) -> None:
    with socket.create_server(("127.0.0.1", checkout.port)):
        text = refused(checkout, f"port {checkout.port} of 127.0.0.1", "listens there", "hero:embedded.port")
    assert "(pytest)" in text or "(python" in text
    assert not (checkout.path / ".hero").exists()
    checkout.up()


def test_a_port_that_needs_more_rights_or_is_taken_by_another_stacks_registry(
    checkout: Checkout, tmp_path: Path
) -> None:
    with new_checkout(tmp_path, "first") as first:
        first.up()
        stack_file = checkout.path / "Pulumi.dev.yaml"
        stack_file.write_text(stack_file.read_text().replace(f"port: {checkout.port}", f"port: {first.port}"))
        refused(checkout, f"port {first.port}", f"process {first.registry_process()}", "pulumi-resource")
        assert first.crane("digest", first.outputs()["image"]) == first.outputs()["digest"]


def test_a_directory_that_cannot_be_made(checkout: Checkout) -> None:
    (checkout.path / ".hero").write_text("a file where a folder should be")
    refused(checkout, ".hero/dev/registry cannot be used", "not a directory", "hero:embedded.directory")
    assert (checkout.path / ".hero").read_text() == "a file where a folder should be"


def test_a_directory_that_may_not_be_written_to(checkout: Checkout) -> None:
    # Root may write anywhere but here.
    checkout.use_registry("directory: /proc/registry")
    refused(checkout, "/proc/registry cannot be used", "hero:embedded.directory")


def test_a_directory_with_something_else_in_it(checkout: Checkout) -> None:
    folder = checkout.path / ".hero" / "dev" / "registry"
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("years of work")
    refused(checkout, ".hero/dev/registry holds something that is not a registry of ours (thesis.txt)")
    assert [file.name for file in folder.iterdir()] == ["thesis.txt"]
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_a_directory_of_another_stack(checkout: Checkout) -> None:
    folder = checkout.path / ".hero" / "dev" / "registry"
    folder.mkdir(parents=True)
    (folder / "registry.json").write_text('{"owner": "hero/another"}')
    refused(checkout, "holds the registry of hero/another")


def test_a_mark_that_cannot_be_read(checkout: Checkout) -> None:
    folder = checkout.path / ".hero" / "dev" / "registry"
    folder.mkdir(parents=True)
    (folder / "registry.json").write_text("{ damaged")
    (folder / "storage").mkdir()
    refused(checkout, ".hero/dev/registry", "registry.json")
    assert (folder / "storage").exists()


def test_down_spares_what_somebody_put_beside_the_images(checkout: Checkout) -> None:
    checkout.up()
    guest = checkout.path / ".hero" / "dev" / "registry" / "thesis.txt"
    guest.write_text("years of work")
    checkout.down()
    assert guest.read_text() == "years of work"
    assert [file.name for file in guest.parent.iterdir()] == ["thesis.txt"]


def test_a_missing_plugin_is_linked_again(checkout: Checkout) -> None:
    checkout.up()
    (checkout.path / "bin" / "pulumi-resource-hero-home").unlink()
    checkout.kill_registry()
    checkout.up()
    assert checkout.registry_process() is not None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("hero:registry: embeded", "did you mean embedded?"),
        ("hero:registry: dragonfly", "hero:dragonfly.origin: missing"),
        ("hero:imagee: {}", "did you mean hero:image?"),
    ],
)
def test_wrong_config_is_told_by_the_real_engine_without_a_traceback(checkout: Checkout, wrong: str, told: str) -> None:
    file = checkout.path / "Pulumi.dev.yaml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("  hero:registry")]
    file.write_text("\n".join([*kept, f"  {wrong}", ""]))
    refused(checkout, told, "./pulumiw config")
    assert not (checkout.path / ".hero").exists()


def test_the_mend_that_is_told_mends(checkout: Checkout) -> None:
    checkout.use_image("tags: [v0.0.1, 'not a tag']", "tagz: 1")
    text = refused(checkout, "2 mistakes")
    for line in text.splitlines():
        if line.strip().startswith("mend:"):
            command = line.partition("mend:")[2].strip()
            subprocess.run(["sh", "-c", command], cwd=checkout.path, env=checkout.environment, check=True)
    checkout.up()
