"""What a change of config or source does, and what it leaves alone."""

import json
import re

import pytest

from tests.checkout import Checkout, free_port

OVERHEAD = 10_000


def test_a_changed_line_sends_what_changed_and_little_more(checkout: Checkout) -> None:
    checkout.use_image("platforms: [linux/amd64]", "tags: [v0.0.1, latest]")
    checkout.up()
    before = layers_of(checkout)
    change_a_line(checkout)
    assert "hero-image updated" in checkout.up().text
    after = layers_of(checkout)
    changed = [size for digest, size in after.items() if digest not in before]
    assert len(changed) == 1
    assert len(after) > 1
    sent = checkout.state()["hero-image"]["uploaded"]
    assert sum(changed) < sent <= sum(changed) + OVERHEAD


def test_the_same_source_gives_the_same_digest_again(checkout: Checkout) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    change_a_line(checkout)
    checkout.up()
    assert checkout.outputs()["digest"] != digest
    change_a_line(checkout, back=True)
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    for tag in ("v0.0.1", "latest"):
        assert checkout.crane("digest", f"{checkout.outputs()['repository']}:{tag}") == digest


def test_a_test_of_heros_is_no_reason_to_build(checkout: Checkout) -> None:
    checkout.up()
    (checkout.path / "hero" / "another_test.go").write_text("package main\n")
    assert checkout.up().unchanged


def test_what_the_config_does_not_say_has_a_default(checkout: Checkout) -> None:
    text = f"config:\n  hero:embedded:\n    port: {checkout.port}\n"
    (checkout.path / "Pulumi.dev.yaml").write_text(text)
    checkout.up()
    told = checkout.outputs()
    assert told["registry"] == "embedded"
    assert told["tags"] == ["latest"]
    assert checkout.crane("digest", told["image"]) == told["digest"]


def test_tags_come_and_go_without_a_build(checkout: Checkout) -> None:
    checkout.use_image("tags: [v0.0.1, latest]")
    checkout.up()
    digest = checkout.outputs()["digest"]
    checkout.use_image("tags: [v0.0.1, v0.0.2]")
    assert "building" not in checkout.up().text
    repository = checkout.outputs()["repository"]
    assert checkout.crane("digest", f"{repository}:v0.0.2") == digest
    assert "latest" not in checkout.crane("ls", repository).splitlines()
    assert checkout.outputs()["tags"] == ["v0.0.1", "v0.0.2"]


def test_another_name_means_another_repository_with_the_same_image(checkout: Checkout) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    checkout.use_image("name: team/hero")
    checkout.up()
    assert checkout.outputs()["repository"].endswith("/team/hero")
    assert checkout.crane("digest", checkout.outputs()["image"]) == digest


def test_rotation_changes_both_passwords_and_rebuilds_nothing(checkout: Checkout) -> None:
    checkout.up()
    old = checkout.outputs()
    checkout.use_registry("rotate: '2026-11'")
    text = checkout.up().text
    assert "building" not in text
    new = checkout.outputs()
    assert new["digest"] == old["digest"]
    for user in ("pusherPassword", "pullerPassword"):
        assert new[user] != old[user]
    assert checkout.crane("digest", new["image"]) == new["digest"]
    assert checkout.up().unchanged


def test_another_port_keeps_the_images(checkout: Checkout) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    file = checkout.path / "Pulumi.dev.yaml"
    port = free_port()
    file.write_text(file.read_text().replace(f"port: {checkout.port}", f"port: {port}"))
    assert "building" not in checkout.up().text
    assert checkout.outputs()["address"] == f"127.0.0.1:{port}"
    assert checkout.crane("digest", checkout.outputs()["image"]) == digest
    checkout.down()


def test_down_leaves_nothing(checkout: Checkout) -> None:
    checkout.up()
    checkout.down()
    assert checkout.registry_process() is None
    assert not (checkout.path / ".hero").exists()
    assert checkout.git_status() == ""
    assert "unchanged" not in checkout.down().text


def test_keep_data_keeps_the_images_over_a_destroy(checkout: Checkout) -> None:
    checkout.use_registry("keepData: true")
    checkout.up()
    digest = checkout.outputs()["digest"]
    password = checkout.outputs()["pusherPassword"]
    folder = checkout.path / ".hero" / "dev" / "registry"
    checkout.down()
    assert checkout.registry_process() is None
    assert sorted(file.name for file in folder.iterdir()) == ["pushed.json", "registry.json", "storage"]
    checkout.up()
    assert checkout.state()["hero-image"]["uploaded"] < OVERHEAD
    assert checkout.outputs()["digest"] == digest
    assert checkout.outputs()["pusherPassword"] != password


def test_keep_data_said_just_before_the_destroy_counts(checkout: Checkout) -> None:
    checkout.up()
    checkout.use_registry("keepData: true")
    checkout.up()
    checkout.down()
    assert (checkout.path / ".hero" / "dev" / "registry" / "storage").is_dir()


def test_a_preview_of_nothing_builds_pushes_and_starts_nothing(checkout: Checkout) -> None:
    text = checkout.make("preview").text
    assert re.search(r"\+ 7 to create", text)
    assert checkout.registry_process() is None
    assert not (checkout.path / ".hero").exists()


@pytest.mark.parametrize("directory", [".hero/elsewhere", ".hero/with a space é"])
def test_the_registry_lives_where_the_config_says(checkout: Checkout, directory: str) -> None:
    checkout.use_registry(f"directory: {json.dumps(directory, ensure_ascii=False)}")
    checkout.up()
    assert (checkout.path / directory / "storage").is_dir()
    checkout.down()
    assert not (checkout.path / ".hero").exists()


def change_a_line(checkout: Checkout, *, back: bool = False) -> None:
    """Another word in Hero's log, which is one line of its source."""
    file = checkout.path / "hero" / "main.go"
    old, new = "Hero is here", "Hero is home"
    if back:
        old, new = new, old
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def layers_of(checkout: Checkout) -> dict[str, int]:
    """The layers of the one platform, with their sizes."""
    manifest = json.loads(checkout.crane("manifest", checkout.outputs()["image"]))
    return {each["digest"]: each["size"] for each in manifest["layers"]}
