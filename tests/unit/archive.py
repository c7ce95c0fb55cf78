"""A stand-in for https://get.pulumi.com: a proxy on this machine that answers in its name, in one manner or another."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

HOST = "get.pulumi.com"
SECONDS_BETWEEN_LETTERS = 0.2


def install_script(version: str, *last_lines: str) -> str:
    """Takes the options of the real one, and puts a small program where that puts Pulumi."""
    return "\n".join(
        [
            "#!/bin/sh",
            'while [ "$1" != --install-root ]; do shift; done',
            'mkdir -p "$2/bin"',
            f"printf '#!/bin/sh\\necho {version}\\n' > \"$2/bin/pulumi\"",
            'chmod +x "$2/bin/pulumi"',
            *last_lines,
            "",
        ]
    )


class Archive(socketserver.ThreadingTCPServer):
    """Notes what it is asked for, and answers in its manner."""

    daemon_threads = True

    def __init__(self, folder: Path, manner: "Manner") -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        authority = trustme.CA()
        self.certificate = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.certificate))
        self.secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(self.secure)  # pyright: ignore[reportUnknownMemberType] - typed for another library too
        self.manner = manner
        self.asked: list[str] = []
        self.over = threading.Event()

    @property
    def proxy(self) -> str:
        """What https_proxy has to be for this one."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Visit(socketserver.BaseRequestHandler):
    """One connection to the proxy."""

    server: Archive  # pyright: ignore[reportIncompatibleVariableOverride] - it is started by no other
    request: socket.socket

    def handle(self) -> None:
        """Hear whom the visitor wants to be connected with, and answer in the archive's manner."""
        self.server.asked.append(hear(self.request))
        # A visitor who has lost patience is part of the story.
        with contextlib.suppress(OSError):
            self.server.manner(self.server, self.request)


Manner = Callable[[Archive, socket.socket], None]


def serves(script: str) -> Manner:
    """As the real one does."""
    return lambda archive, visitor: _answer(archive, visitor, script, len(script))


def breaks_off(script: str) -> Manner:
    """Sends half of what it has announced."""
    return lambda archive, visitor: _answer(archive, visitor, script[: len(script) // 2], len(script))


def refuses(_: Archive, visitor: socket.socket) -> None:
    """As a proxy does that lets nobody out."""
    visitor.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")


def never_answers(archive: Archive, _: socket.socket) -> None:
    """As a firewall does that swallows what it gets."""
    archive.over.wait()


def falls_silent_in_the_tunnel(archive: Archive, visitor: socket.socket) -> None:
    """As a proxy does behind which nothing is to be had."""
    visitor.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    archive.over.wait()


def falls_silent_when_asked(archive: Archive, visitor: socket.socket) -> None:
    """As a server does that is at its end."""
    hear(_tunnel(archive, visitor))
    archive.over.wait()


def spells(archive: Archive, visitor: socket.socket) -> None:
    """Sends a letter now and then, so that no time-out between two of them ever strikes."""
    tunnel = _tunnel(archive, visitor)
    hear(tunnel)
    for letter in "HTTP/1.1 200 OK\r\nServer: " + "z" * 1000:
        tunnel.sendall(letter.encode())
        if archive.over.wait(SECONDS_BETWEEN_LETTERS):
            return


def hear(visitor: socket.socket) -> str:
    """The first line of a request, such as `HEAD /install.sh`."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        more = visitor.recv(4096)
        if not more:
            break
        heard += more
    return " ".join(heard.decode().split()[:2])


def _tunnel(archive: Archive, visitor: socket.socket) -> ssl.SSLSocket:
    visitor.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    return archive.secure.wrap_socket(visitor, server_side=True)


def _answer(archive: Archive, visitor: socket.socket, text: str, length: int) -> None:
    with _tunnel(archive, visitor) as tunnel:
        asked = hear(tunnel)
        archive.asked.append(asked)
        content = "" if asked.startswith("HEAD ") else text
        tunnel.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{content}".encode())


@contextmanager
def standing_in(folder: Path, manner: Manner, monkeypatch: pytest.MonkeyPatch) -> Generator[Archive]:
    """All that this process and those that it starts ask of the archive goes to a stand-in of this manner."""
    with Archive(folder, manner) as archive:
        monkeypatch.setenv("https_proxy", archive.proxy)
        monkeypatch.setenv("SSL_CERT_FILE", str(archive.certificate))
        threading.Thread(target=archive.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield archive
        archive.over.set()
        archive.shutdown()
