"""Images made by hand, as other tools would leave them on disk."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path


def layer(files: dict[str, bytes]) -> bytes:
    """A tar with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def write_layout(folder: Path, layers: list[bytes], subject: Mapping[str, object] | None = None) -> str:
    """An OCI image layout with one image of these layers; returns the image's digest.

    With a subject, it is attached to the image that has that descriptor.
    """
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(content: bytes, media_type: str) -> dict[str, object]:
        name = hashlib.sha256(content).hexdigest()
        (blobs / name).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content)}

    described = [put(content, "application/vnd.oci.image.layer.v1.tar") for content in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put(_config(layers), "application/vnd.oci.image.config.v1+json"),
        "layers": described,
        **({"subject": subject} if subject else {}),
    }
    image = put(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [image]}))
    return str(image["digest"])


def write_archive(file: Path, layers: list[bytes], tag: str) -> None:
    """An archive as `docker save` writes it."""
    manifest = {
        "Config": "config.json",
        "RepoTags": [tag],
        "Layers": [f"{number}/layer.tar" for number in range(len(layers))],
    }
    members = {"manifest.json": json.dumps([manifest]).encode(), "config.json": _config(layers)}
    members.update({f"{number}/layer.tar": content for number, content in enumerate(layers)})
    file.write_bytes(layer(members))


def _config(layers: list[bytes]) -> bytes:
    identifiers = [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in layers]
    return json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": identifiers},
        }
    ).encode()
