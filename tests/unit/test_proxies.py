"""A proxy that the user has set is not asked for what listens on this machine."""

import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

import grpc
import pytest

from tools.proxies import exempt_loopback

LOCAL = "127.0.0.1,localhost,::1"
CALL = """
import grpc, sys
with grpc.insecure_channel(sys.argv[1]) as channel:
    print(channel.unary_unary("/service/method")(b"hello", timeout=20).decode())
"""


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({}, {}),
        ({"no_proxy": "a.example"}, {}),
        ({"http_proxy": ""}, {}),
        ({"http_proxy": "p"}, {"no_proxy": LOCAL, "NO_PROXY": LOCAL}),
        ({"HTTPS_PROXY": "p"}, {"no_proxy": LOCAL, "NO_PROXY": LOCAL}),
        ({"ALL_PROXY": "p"}, {"no_proxy": LOCAL, "NO_PROXY": LOCAL}),
        (
            {"grpc_proxy": "p", "no_proxy": "a.example"},
            {"no_proxy": f"a.example,{LOCAL}", "NO_PROXY": f"a.example,{LOCAL}"},
        ),
        (
            {"http_proxy": "p", "NO_PROXY": "a.example, localhost"},
            {
                "no_proxy": "a.example,localhost,127.0.0.1,::1",
                "NO_PROXY": "a.example,localhost,127.0.0.1,::1",
            },
        ),
        (
            {"http_proxy": "p", "no_proxy": "a", "NO_PROXY": "b", "no_grpc_proxy": "c"},
            {"no_proxy": f"a,{LOCAL}", "NO_PROXY": f"b,{LOCAL}", "no_grpc_proxy": f"c,{LOCAL}"},
        ),
        ({"http_proxy": "p", "no_proxy": "*"}, {"no_proxy": "*", "NO_PROXY": "*", "no_grpc_proxy": LOCAL}),
        ({"http_proxy": "p", "no_grpc_proxy": ""}, {"no_proxy": LOCAL, "NO_PROXY": LOCAL, "no_grpc_proxy": LOCAL}),
    ],
)
def test_loopback_exemption(given: dict[str, str], changed: dict[str, str]) -> None:
    assert exempt_loopback(given) == changed


@pytest.fixture
def engine() -> Generator[int]:
    """A gRPC server that answers every call, as the engine on its port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        assert context.is_active()
        return request

    method = cast("Any", grpc.unary_unary_rpc_method_handler(answer))  # pyright: ignore[reportUnknownMemberType]
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("service", {"method": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None)


@pytest.fixture
def proxy() -> Generator[tuple[str, list[str]]]:
    """A proxy that refuses everything and writes down what it was asked for."""
    asked: list[str] = []

    class Refuses(BaseHTTPRequestHandler):
        def _refuse(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        do_CONNECT = do_GET = _refuse  # noqa: N815 - the server's own names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Refuses)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def without_proxies() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "grpc_proxy"])
@pytest.mark.parametrize("exempted", [{}, {"no_proxy": "a.example"}, {"NO_PROXY": "a.example"}, {"no_proxy": "*"}])
def test_grpc_reaches_the_engine_without_the_proxy(
    engine: int, proxy: tuple[str, list[str]], name: str, exempted: dict[str, str]
) -> None:
    environment = {**without_proxies(), name: proxy[0], **exempted}
    for host in ("127.0.0.1", "localhost"):
        ended = subprocess.run(
            [sys.executable, "-c", CALL, f"{host}:{engine}"],
            env={**environment, **exempt_loopback(environment)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.stdout == "hello\n", ended.stderr
    assert proxy[1] == []


def test_urllib_reaches_this_machine_without_the_proxy(
    monkeypatch: pytest.MonkeyPatch, proxy: tuple[str, list[str]]
) -> None:
    for name in [name for name in os.environ if "_proxy" in name.lower()]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", proxy[0])
    for name, value in exempt_loopback(os.environ).items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=20)
    assert proxy[1] == []
