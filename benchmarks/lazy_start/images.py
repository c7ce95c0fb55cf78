"""Images of files that nothing can compress, of which a start needs a part; and their conversion to Nydus."""

import gzip
import hashlib
import io
import json
import math
import platform
import random
import shutil
import subprocess
import tarfile
import zlib
from base64 import b64encode
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checkout import Checkout
from tools.node.programs import Programs
from tools.problem import Problem

NEEDED = 0.05
SECONDS_TO_CONVERT = 600
# As many as the sizes of an application's own files: most are small, and most bytes are in large ones.
SMALLEST, LARGEST = 4 << 10, 4 << 20
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


@dataclass(frozen=True)
class Content:
    """What is in an image, and what its container will say of it."""

    files: dict[str, bytes]
    needed: list[str]

    @property
    def ready(self) -> str:
        """Of what it needs to start."""
        return said("ready", [self.files[name] for name in self.needed])

    @property
    def done(self) -> str:
        """Of everything."""
        return said("done", [self.files[name] for name in sorted(self.files, key=lambda name: name.split("/"))])


def said(word: str, contents: list[bytes]) -> str:
    """How many bytes, and their checksum, as the container says it."""
    checksum = 0
    for content in contents:
        checksum = zlib.crc32(content, checksum)
    return f"{word} {sum(map(len, contents))} {checksum:x}"


def new_content(megabytes: int, starter: bytes) -> Content:
    """The same files each time. The start needs 5 % of the image's bytes, its program's among them, from anywhere."""
    # Unlike the rest, it takes less room in an image than on a disk.
    program = len(gzip.compress(starter, 1))
    chance = random.Random(megabytes)  # noqa: S311 - they are to be the same again
    files: dict[str, bytes] = {}
    left = megabytes * 10**6 - program
    for name in names():
        size = min(left, round(math.exp(chance.uniform(math.log(SMALLEST), math.log(LARGEST)))))
        files[name] = chance.randbytes(size)
        left -= size
        if not left:
            break
    needed: list[str] = []
    left = round(megabytes * 10**6 * NEEDED) - program
    for name in chance.sample(sorted(files), len(files)):
        if len(files[name]) <= left:
            needed.append(name)
            left -= len(files[name])
    return Content(files, needed)


def names() -> Generator[str]:
    """Of files, twenty in a folder."""
    for number in range(10**6):
        yield f"/data/{number // 20:04}/{number:06}"


def push(checkout: Checkout, folder: Path, content: Content, starter: bytes, reference: str, layers: int) -> None:
    """The image as any builder makes it, pushed as any client does."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(blob: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(blob).hexdigest()
        (blobs / digest).write_bytes(blob)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(blob)}

    described: list[dict[str, Any]] = []
    identifiers: list[str] = []
    for files in in_layers(content, starter, layers):
        tar = archive(files)
        identifiers.append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
        described.append(put(gzip.compress(tar, 1, mtime=0), LAYER))
    config = {
        "os": "linux",
        "architecture": ARCHITECTURE,
        "config": {"Entrypoint": ["/starter"]},
        "rootfs": {"type": "layers", "diff_ids": identifiers},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": described,
    }
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "manifests": [put(json.dumps(manifest).encode(), str(manifest["mediaType"]))]}
    (folder / "index.json").write_text(json.dumps(index))
    checkout.crane("push", str(folder), reference, who="pusher")
    # A disk has no room for a large one in each form and on the way to it.
    shutil.rmtree(folder)


def in_layers(content: Content, starter: bytes, layers: int) -> list[dict[str, bytes]]:
    """The program and its list are in the first one."""
    parts: list[dict[str, bytes]] = [{} for _ in range(layers)]
    for number, name in enumerate(content.files):
        parts[number * layers // len(content.files)][name] = content.files[name]
    parts[0] |= {"/starter": starter, "/needed": "\n".join(content.needed).encode()}
    return parts


def archive(files: dict[str, bytes]) -> bytes:
    """A tar in which everything may be read and run."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.removeprefix("/"))
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def convert(programs: Programs, checkout: Checkout, folder: Path, reference: str, ahead: list[str]) -> str:
    """The same image in the form of Nydus, beside it; returns its reference. The files named are fetched ahead.

    Where nobody says which, accelctl has nydusd fetch all of the image at once, and so we always name one.
    """
    told = checkout.outputs()
    login = b64encode(f"{told['pusherUsername']}:{told['pusherPassword']}".encode()).decode()
    driver = {
        "work_dir": str(folder),
        "builder": programs["nydus-image"],
        "docker2oci": "true",
        "prefetch_patterns": "\n".join(ahead or ["/none"]),
    }
    config = {
        "provider": {
            "source": {told["address"]: {"auth": login, "insecure": True}},
            "work_dir": str(folder),
            "gcpolicy": {"threshold": "10000MB"},
        },
        "converter": {
            "worker": 2,
            "platforms": f"linux/{ARCHITECTURE}",
            "driver": {"type": "nydus", "config": driver},
            "rules": [{"tag_suffix": "-nydus"}],
        },
    }
    folder.mkdir(parents=True)
    file = folder / "accelctl.yaml"
    file.touch(mode=0o600)
    # YAML has all of JSON.
    file.write_text(json.dumps(config))
    command = [programs["accelctl"], "convert", "--config", str(file), reference]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_TO_CONVERT)
    if ended.returncode != 0:
        raise Problem(f"{reference} cannot be converted:\n{ended.stdout}{ended.stderr}")
    shutil.rmtree(folder)
    return f"{reference}-nydus"


def size(checkout: Checkout, reference: str) -> int:
    """The bytes of an image's layers and its config, as the registry has them."""
    manifest = json.loads(checkout.crane("manifest", reference))
    return sum(each["size"] for each in [manifest["config"], *manifest["layers"]])
