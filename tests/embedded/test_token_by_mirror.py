"""A registry that sends whoever pulls for a token, and a mirror before it: a real containerd with our nodes' file.

So does Harbor, with a certificate by the stack's own authority, and so does `dfdaemon` before it: it passes on that
answer, and knows no TLS itself. It has to be root, as lazy starts have.
"""

import gzip
import hashlib
import io
import json
import ssl
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from benchmarks.lazy_start.images import ARCHITECTURE
from components.kubernetes.nodes import hosts
from tests.embedded.servers import QuietHandler, served
from tools.node.machines import write
from tools.node.node import OVERLAYFS, Login, new_node
from tools.node.programs import Programs

TOKEN = "a-token-that-anybody-gets"
BY_MIRROR = "X-Dragonfly-Registry"
MANIFEST, CONFIG = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
A_TLS_HANDSHAKE = b"\x16"


@dataclass
class Origin:
    """A registry with one image. What was asked for is told with whether a mirror asked."""

    contents: dict[str, tuple[str, bytes]]
    """By digest and by tag: media type and bytes."""
    authority: trustme.CA
    address: str = ""
    asked: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])

    @contextmanager
    def open(self, folder: Path) -> Generator["Origin"]:
        """Serve on a free port of this machine."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Origin,), {"origin": self}))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = folder / "server.pem"
        self.authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"127.0.0.1:{server.server_port}"
        with served(server):
            yield self

    @property
    def certificate(self) -> str:
        """The authority's, in PEM."""
        return self.authority.cert_pem.bytes().decode()

    @contextmanager
    def mirror(self) -> Generator[str]:
        """Its URL."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Mirror,), {"origin": self}))
        with served(server):
            yield f"http://127.0.0.1:{server.server_port}"


class _Handler(QuietHandler):
    origin: Origin

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Origin(_Handler):
    def handle_any(self) -> None:
        address, name = self.origin.address, self.path.partition("?")[0].rpartition("/")[2]
        if name == "token":
            self.answer(200, json.dumps({"token": TOKEN}).encode(), {})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            realm = f'Bearer realm="https://{address}/token",service="registry",scope="repository:hero:pull"'
            self.answer(401, b"", {"WWW-Authenticate": realm})
        elif name in self.origin.contents:
            self.origin.asked.append((name, self.headers.get(BY_MIRROR) == f"https://{address}"))
            kind, body = self.origin.contents[name]
            self.answer(200, body, {"Content-Type": kind, "Docker-Content-Digest": digest(body)})
        else:
            self.answer(404, b"", {})

    do_GET = do_HEAD = handle_any  # noqa: N815 - the base class's


class _Mirror(_Handler):
    def handle_one_request(self) -> None:
        # As dfdaemon's: what is no HTTP is told so, by HTTP.
        if self.rfile.peek(1)[:1] == A_TLS_HANDSHAKE:  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - it is buffered
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.close_connection = True
            return
        super().handle_one_request()

    def handle_any(self) -> None:
        trusted = ssl.create_default_context(cadata=self.origin.certificate)
        connection = HTTPSConnection(self.origin.address, context=trusted, timeout=200)
        connection.request(self.command, self.path, headers={**dict(self.headers), "Host": self.origin.address})
        response = connection.getresponse()
        body = response.read()
        passed = {name: value for name, value in response.getheaders() if name.lower() != "content-length"}
        self.answer(response.status, body, passed)
        connection.close()

    do_GET = do_HEAD = handle_any  # noqa: N815 - the base class's


def digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def an_image() -> dict[str, tuple[str, bytes]]:
    """Of one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("hero"))
    layer = gzip.compress(buffer.getvalue(), mtime=0)
    diff = {"rootfs": {"type": "layers", "diff_ids": [digest(buffer.getvalue())]}}
    config = json.dumps({"os": "linux", "architecture": ARCHITECTURE, "config": {}, **diff}).encode()

    def described(kind: str, body: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "digest": digest(body), "size": len(body)}

    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described(CONFIG, config)}
    written = json.dumps({**manifest, "layers": [described(LAYER, layer)]}).encode()
    named = {digest(body): (kind, body) for kind, body in ((MANIFEST, written), (CONFIG, config), (LAYER, layer))}
    return {**named, "v1": (MANIFEST, written)}


def test_a_pull_gets_its_token_and_then_goes_by_way_of_the_mirror(programs: Programs, tmp_path: Path) -> None:
    with Origin(an_image(), trustme.CA()).open(tmp_path) as origin, origin.mirror() as mirror:
        server = f"https://{origin.address}"
        with new_node(programs, origin.address, Login("nobody", "")) as node:
            folder = node.folder / "hosts" / origin.address
            write(folder / "mirror.ca.crt", origin.certificate)
            write(folder / "hosts.toml", hosts(server, "mirror.ca.crt", (mirror, server)))
            node.pull(OVERLAYFS, f"{origin.address}/hero:v1")
        blobs = [by_mirror for name, by_mirror in origin.asked if origin.contents[name][0] != MANIFEST]
        assert len(blobs) == 2
        assert all(blobs)
        # Which image a tag names is for the registry to say.
        assert ("v1", False) in origin.asked
        assert ("v1", True) not in origin.asked
