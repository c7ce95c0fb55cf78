"""Images from elsewhere: another Go program, an archive, a layout."""

import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.checkout import ROOT, Checkout
from tests.embedded.sboms import documents_of, versions_in
from tests.images import layer, write_archive, write_layout
from tools.go import ensure_go
from tools.packages import ensure_packages
from tools.provide import provide

PROGRAM = """package main

import "example.com/words"

func main() { println(words.Hello) }
"""

# EM_X86_64 of an ELF header.
AMD64 = 62

# What dpkg leaves in an image.
DEBIAN = {
    "etc/os-release": b'ID=debian\nVERSION_ID="13"\n',
    "var/lib/dpkg/status": b"Package: libhero1\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: amd64\n"
    b"Maintainer: Nobody <nobody@example.com>\nDescription: what heroes share\n\n",
}


def test_any_go_main_package_becomes_an_image(checkout: Checkout) -> None:
    write_go_program(checkout.path / "a program")
    checkout.use_image("context: ./a program/cmd/greet", "platforms: [linux/arm64]")
    checkout.up()
    told = checkout.outputs()
    config = json.loads(checkout.crane("config", told["image"]))
    assert config["architecture"] == "arm64"
    assert config["config"]["Entrypoint"] == ["/ko-app/greet"]
    assert checkout.up().unchanged


def test_a_change_in_a_module_beside_it_is_seen(checkout: Checkout) -> None:
    write_go_program(checkout.path / "a program")
    checkout.use_image("context: a program/cmd/greet", "platforms: [linux/amd64]")
    checkout.up()
    digest = checkout.outputs()["digest"]
    words = checkout.path / "a program" / "words" / "words.go"
    words.write_text(words.read_text().replace("hello", "good morning"))
    checkout.up()
    assert checkout.outputs()["digest"] != digest


def test_shell_environment_does_not_change_the_image(checkout: Checkout) -> None:
    checkout.use_image("platforms: [linux/amd64]")
    checkout.environment.update(GOOS="darwin", GOARCH="arm64", CGO_ENABLED="1", GOFLAGS="-p=1", GOAMD64="v3")
    checkout.up()
    with tarfile.open(fileobj=io.BytesIO(exported(checkout))) as files:
        (member,) = [each for each in files if each.name.endswith("ko-app/hero")]
        file = files.extractfile(member)
        assert file
        program = file.read()
    assert program.startswith(b"\x7fELF\x02\x01")
    assert int.from_bytes(program[18:20], "little") == AMD64
    for name in ("GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS", "GOAMD64"):
        del checkout.environment[name]
    assert checkout.up().unchanged


def test_checkout_inside_the_go_module(checkout: Checkout) -> None:
    write_go_program(checkout.path)
    checkout.use_image("context: cmd/greet", "platforms: [linux/amd64]")
    checkout.up()
    for name in (".venv/notes.go", "bin/greet", "other/other.go", "cmd/greet/README.md"):
        (checkout.path / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.path / name).write_text("package main\n")
    assert checkout.up().unchanged


def test_context_is_a_link(checkout: Checkout) -> None:
    write_go_program(checkout.path / "program")
    checkout.use_image("context: program/cmd/greet", "platforms: [linux/amd64]")
    checkout.up()
    digest = checkout.outputs()["digest"]
    (checkout.path / "linked").symlink_to("program/cmd/greet")
    checkout.use_image("context: linked", "platforms: [linux/amd64]")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    main = checkout.path / "program" / "cmd" / "greet" / "main.go"
    main.write_text(main.read_text().replace("words.Hello", "words.Hello, 1"))
    checkout.up()
    assert checkout.outputs()["digest"] != digest


def test_a_program_that_does_not_compile_is_told_in_gos_own_words(checkout: Checkout) -> None:
    write_go_program(checkout.path / "broken")
    (checkout.path / "broken" / "cmd" / "greet" / "main.go").write_text("package main\n\nfunc main() { nonsense }\n")
    checkout.use_image("context: broken/cmd/greet")
    ended = checkout.make("up")
    assert ended.code != 0
    assert "undefined: nonsense" in ended.text
    assert "Traceback" not in ended.text


def test_a_package_that_is_no_program_is_refused(checkout: Checkout) -> None:
    write_go_program(checkout.path / "program")
    checkout.use_image("context: program/words")
    ended = checkout.make("up")
    assert ended.code != 0
    assert "program/words is not a Go main package" in ended.text


def test_an_archive_as_docker_saves_it(checkout: Checkout) -> None:
    write_archive(checkout.path / "hero.tar", [layer({"hello": b"world"})], "cncf-demo:v0.0.1")
    checkout.use_image("build: existing", "source: ./hero.tar", "tags: [v0.0.1, latest]")
    checkout.up()
    told = checkout.outputs()
    assert checkout.crane("digest", f"{told['repository']}:latest") == told["digest"]
    files = subprocess.run(["tar", "--list"], input=exported(checkout), check=True, capture_output=True).stdout
    assert files == b"hello\n"
    assert checkout.up().unchanged


def test_a_layout_keeps_its_digest(checkout: Checkout) -> None:
    digest = write_layout(checkout.path / "layout", [layer({"hello": b"world"})])
    checkout.use_image("build: existing", "source: ./layout")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    assert checkout.up().unchanged


def test_oci_archive_keeps_its_digest(checkout: Checkout) -> None:
    digest = write_layout(checkout.path / "layout", [layer({"hello": b"world"})])
    with tarfile.open(checkout.path / "hero.tar.gz", "w:gz") as archive:
        archive.add(checkout.path / "layout", arcname=".")
    checkout.use_image("build: existing", "source: ./hero.tar.gz")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    assert checkout.up().unchanged


def test_layout_with_two_names_of_one_image(checkout: Checkout) -> None:
    digest = write_layout(checkout.path / "layout", [layer({"hello": b"world"})])
    rename_entries(checkout.path / "layout", "v1", "latest")
    checkout.use_image("build: existing", "source: ./layout")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    assert exported(checkout)


def test_layout_with_two_images_is_refused(checkout: Checkout) -> None:
    one = write_layout(checkout.path / "layout", [layer({"hello": b"world"})])
    other = write_layout(checkout.path / "other", [layer({"hello": b"again"})])
    shutil.copytree(checkout.path / "other" / "blobs", checkout.path / "layout" / "blobs", dirs_exist_ok=True)
    entries = [
        json.loads((checkout.path / name / "index.json").read_text())["manifests"][0] for name in ("layout", "other")
    ]
    (checkout.path / "layout" / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    checkout.use_image("build: existing", "source: ./layout")
    ended = checkout.make("up")
    assert ended.code != 0
    assert f"cannot read ./layout: more than one image is in it: {one}, {other}" in ended.text
    assert "hint: " in ended.text


def test_half_an_index_json_is_named(checkout: Checkout) -> None:
    write_layout(checkout.path / "layout", [layer({"hello": b"world"})])
    index = checkout.path / "layout" / "index.json"
    index.write_text(index.read_text()[:40])
    checkout.use_image("build: existing", "source: ./layout")
    ended = checkout.make("up")
    assert ended.code != 0
    assert "cannot read ./layout/index.json: not valid JSON" in ended.text


def test_what_crane_pulled_as_a_layout_can_move_in_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.up()
    digest = checkout.outputs()["digest"]
    checkout.crane("pull", "--format", "oci", checkout.outputs()["image"], str(tmp_path / "pulled"))
    checkout.use_image("name: again", "build: existing", f"source: {tmp_path}/pulled")
    checkout.up()
    assert checkout.outputs()["digest"] == digest
    assert checkout.crane("digest", checkout.outputs()["image"]) == digest


def test_an_existing_image_gets_its_sbom_when_that_is_wanted(checkout: Checkout) -> None:
    # Its build may take longer than a command of a test may.
    provide("syft")
    digest = write_layout(checkout.path / "layout", [layer(DEBIAN)])
    existing = ("build: existing", "source: ./layout")
    checkout.use_image(*existing)
    checkout.up()
    assert documents_of(checkout, digest) == []
    checkout.use_image(*existing, "sbom: true")
    assert re.search(r"^\s+~ 1 updated$", checkout.up().text, re.MULTILINE)
    assert checkout.outputs()["digest"] == digest
    (document,) = documents_of(checkout, digest)
    assert document["spdxVersion"].startswith("SPDX-")
    assert {"libhero1": "1.2-3"}.items() <= versions_in(document).items()
    assert checkout.up().unchanged
    for sbom in ("false", "true"):
        checkout.use_image(*existing, f"sbom: {sbom}")
        checkout.up()
        assert documents_of(checkout, digest) == [document]


def test_a_new_archive_is_pushed_with_its_sbom(checkout: Checkout, tmp_path: Path) -> None:
    provide("syft")
    (tmp_path / "temporary").mkdir()
    checkout.environment["TMPDIR"] = str(tmp_path / "temporary")
    checkout.use_image("build: existing", "source: ./hero.tar", "sbom: true")
    for version in ("1.2-3", "1.2-4"):
        files = {name: content.replace(b"1.2-3", version.encode()) for name, content in DEBIAN.items()}
        write_archive(checkout.path / "hero.tar", [layer(files)], "cncf-demo:v0.0.1")
        checkout.up()
        (document,) = documents_of(checkout, checkout.outputs()["digest"])
        assert versions_in(document)["libhero1"] == version
    assert not list((tmp_path / "temporary").glob("hero-*"))


def test_a_tar_that_is_no_image_is_told(checkout: Checkout) -> None:
    (checkout.path / "hero.tar").write_bytes(layer({"hello": b"no image"}))
    checkout.use_image("build: existing", "source: ./hero.tar")
    ended = checkout.make("up")
    assert ended.code != 0
    assert "cannot read ./hero.tar: no image is in it: it has neither manifest.json nor index.json" in ended.text
    assert "hint: " in ended.text
    assert "Traceback" not in ended.text


def test_a_preview_needs_no_go(checkout: Checkout) -> None:
    go = ensure_go(ensure_packages())
    away = {
        name: re.sub(rf"(^|:){re.escape(str(go))}(?=:|$)", "", value) if name == "PATH" else value
        for name, value in checkout.environment.items()
    }
    ended = Checkout(checkout.path, checkout.port, {**away, "KO_GO_PATH": "/nowhere"}).make("preview")
    assert ended.code == 0, ended.text
    assert (ROOT / "hero" / "go.mod").exists()


def rename_entries(layout: Path, *names: str) -> None:
    """Give the one image of a layout several names."""
    (image,) = json.loads((layout / "index.json").read_text())["manifests"]
    entries = [{**image, "annotations": {"org.opencontainers.image.ref.name": name}} for name in names]
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


def exported(checkout: Checkout) -> bytes:
    """The image's file system as a tar."""
    file = checkout.path / ".hero" / "exported.tar"
    checkout.crane("export", checkout.outputs()["image"], str(file))
    return file.read_bytes()


def write_go_program(folder: Path) -> None:
    """A module with a program in it, which takes another module from the folder beside it."""
    files = {
        "go.mod": "module example.com/program\n\ngo 1.24\n\nrequire example.com/words v0.0.0\n\n"
        "replace example.com/words => ./words\n",
        "cmd/greet/main.go": PROGRAM,
        "words/go.mod": "module example.com/words\n\ngo 1.24\n",
        "words/words.go": 'package words\n\nconst Hello = "hello"\n',
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
