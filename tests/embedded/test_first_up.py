"""What a newcomer has after `make up`."""

import json
import os
import platform
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest

from tests.checkout import Checkout, free_port

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def test_it_ends_in_where_hero_lives_and_how_to_pull_it(home: Checkout) -> None:
    told = home.outputs()
    address = f"127.0.0.1:{home.port}"
    assert told["registry"] == "embedded"
    assert told["address"] == address
    assert told["repository"] == f"{address}/hero"
    assert told["image"] == f"{address}/hero@{told['digest']}"
    assert told["pull"] == f"docker pull {told['image']}"
    assert told["tags"] == ["v0.0.1", "latest"]
    again = home.up().text
    for output in ("address", "image", "digest", "pull", "page", "login"):
        assert f"    {output} " in again
    assert told["pusherPassword"] not in again
    assert told["pullerPassword"] not in again


def test_an_independent_client_finds_every_tag_on_the_same_digest(home: Checkout) -> None:
    told = home.outputs()
    for tag in told["tags"]:
        assert home.crane("digest", f"{told['repository']}:{tag}") == told["digest"]


def test_the_image_is_for_every_platform_of_the_config(home: Checkout) -> None:
    index = json.loads(home.crane("manifest", home.outputs()["image"]))
    platforms = [f"{each['platform']['os']}/{each['platform']['architecture']}" for each in index["manifests"]]
    assert platforms == ["linux/amd64", "linux/arm64"]


def test_the_pulled_binary_runs_and_shows_heros_page(home: Checkout, tmp_path: Path) -> None:
    told = home.outputs()
    port = free_port()
    hero = start_hero(home, tmp_path, port)
    try:
        page = fetch_when_ready(f"http://127.0.0.1:{port}/")
        assert told["digest"] in page
        assert told["repository"] in page
        assert fetch_when_ready(f"http://127.0.0.1:{port}/healthz") == "ok\n"
    finally:
        hero.terminate()
        assert hero.wait(timeout=200) == 0


def test_the_image_is_not_root_and_starts_hero(home: Checkout) -> None:
    config = json.loads(home.crane("config", "--platform", "linux/amd64", home.outputs()["image"]))
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["/ko-app/hero"]


def test_its_sbom_is_found_by_the_referrers_tag(home: Checkout) -> None:
    told = home.outputs()
    fallback = told["digest"].replace(":", "-")
    referrers = json.loads(home.crane("manifest", f"{told['repository']}:{fallback}"))["manifests"]
    assert [each["artifactType"] for each in referrers] == ["application/spdx+json"]
    manifest = json.loads(home.crane("manifest", f"{told['repository']}@{referrers[0]['digest']}"))
    assert manifest["subject"]["digest"] == told["digest"]
    document = json.loads(home.crane("blob", f"{told['repository']}@{manifest['layers'][0]['digest']}"))
    assert document["spdxVersion"].startswith("SPDX-")


def test_a_second_up_changes_nothing_and_sends_nothing(home: Checkout) -> None:
    before = stored(home)
    assert home.up().unchanged
    assert stored(home) == before


def test_a_preview_says_unchanged(home: Checkout) -> None:
    assert home.make("preview").unchanged


def test_a_refresh_finds_no_difference(home: Checkout) -> None:
    assert home.refresh().unchanged


def test_the_puller_may_pull_and_not_push(home: Checkout) -> None:
    repository = home.outputs()["repository"]
    refused = home.crane("tag", f"{repository}:latest", "mine", check=False)
    assert "DENIED: the puller may read, not write" in refused
    assert home.crane("ls", repository).splitlines() == sorted(home.crane("ls", repository).splitlines())
    assert "mine" not in home.crane("ls", repository)


def test_nobody_gets_in_without_a_password(home: Checkout) -> None:
    told = home.outputs()
    url = f"http://{told['address']}/v2/hero/tags/list"
    for login in (None, "puller:wrong", f"nobody:{told['pullerPassword']}"):
        request = urllib.request.Request(url)
        if login:
            request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 401


def test_the_page_shows_the_tags_to_a_person_with_the_login(home: Checkout) -> None:
    told = home.outputs()
    login = b64encode(f"puller:{told['pullerPassword']}".encode()).decode()
    request = urllib.request.Request(told["page"], headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request) as answer:
        tags = json.load(answer)["tags"]
    assert {"v0.0.1", "latest"} <= set(tags)


def test_it_listens_on_loopback_alone(home: Checkout) -> None:
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{home.port:04X}")
    ]
    # Each byte of the address in the kernel's order: 127.0.0.1.
    assert listening == [f"0100007F:{home.port:04X}"]


def test_it_outlives_the_terminal(home: Checkout) -> None:
    process = home.registry_process()
    assert process is not None
    assert os.getsid(process) == process
    for stream in (0, 1, 2):
        assert not str(Path(f"/proc/{process}/fd/{stream}").readlink()).startswith(("/dev/pts", "/dev/tty"))


def test_its_files_are_for_the_owner_alone(home: Checkout) -> None:
    folder = home.path / ".hero" / "dev" / "registry"
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("htpasswd", "registry.json", "registry.log"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_git_status_is_clean(home: Checkout) -> None:
    assert home.git_status() == ""


def stored(home: Checkout) -> dict[str, int]:
    """Every file that the registry has, with the time of its last change."""
    storage = home.path / ".hero" / "dev" / "registry" / "storage"
    return {str(file): file.stat().st_mtime_ns for file in storage.rglob("*") if file.is_file()}


def start_hero(home: Checkout, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Pull the image as any client would, take it apart, and run what is inside."""
    told = home.outputs()
    archive = folder / "filesystem.tar"
    home.crane("export", "--platform", f"linux/{ARCHITECTURE}", told["image"], str(archive))
    program = folder / "hero"
    # Not `extract`: its `filter` came with Python 3.11.4, and without it newer versions warn.
    with tarfile.open(archive) as files:
        member = next(each for each in files if each.name.endswith("ko-app/hero"))
        content = files.extractfile(member)
        assert content is not None
        program.write_bytes(content.read())
    program.chmod(0o755)
    told_by_whoever_runs_it = {
        "HERO_ADDRESS": f"127.0.0.1:{port}",
        "HERO_DIGEST": told["digest"],
        "HERO_REPOSITORY": told["repository"],
    }
    return subprocess.Popen([program], env=told_by_whoever_runs_it)


def fetch_when_ready(url: str) -> str:
    """The page, as soon as there is somebody to give it."""
    deadline = time.monotonic() + 200
    while True:
        try:
            with urllib.request.urlopen(url, timeout=100) as answer:
                return answer.read().decode()
        except (TimeoutError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
