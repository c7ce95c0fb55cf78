"""Plugins where the engine looks for them, with whoever answers in this very process behind each.

The program that the engine starts says the port of a server of ours and then waits for its own end. So a plugin costs
no start of a Python, and a test can look at every call and let anything happen at it.
"""

import importlib.metadata
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2

from tests.engine.faults import Broken, Fault, Stage
from tests.engine.stand_in import StandIn
from tests.engine.world import Call, Refusal, World

SDKS = {
    "docker": "pulumi-docker",
    "harbor": "pulumiverse-harbor",
    "kubernetes": "pulumi-kubernetes",
    "random": "pulumi-random",
    "tls": "pulumi-tls",
}
OURS = "hero-home"
OUR_VERSION = "0.1.0"
SERVICE = provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"]
# Called for anything else than to serve, it only writes down for what.
STAND_IN = """#!/bin/sh
[ $# -gt 1 ] && [ "$1" = forget-release ] && {{ echo "$4/$5" >>{told}; exit; }}
[ $# -gt 1 ] && [ "$1" = discard-pending ] && {{ echo "pending $4/$5" >>{told}; exit; }}
[ $# -gt 1 ] && [ "$1" = forget-in-harbor ] && {{ cat >/dev/null; echo "$2" >>{told}; exit; }}
echo {port}
exec cat >/dev/null
"""
# The genuine one is started with the engine's own address, tells its port to a file instead, and goes with the engine.
# What it is called for besides, it does itself.
GENUINE = """#!/bin/sh
case "$1" in forget-* | discard-*) exec {program} "$@" ;; esac
: >{file}
{program} "$@" >{file} </dev/null &
while ! [ -s {file} ]; do sleep 0.02; done
echo {port}
cat >/dev/null
kill $!
"""
LONGEST_MESSAGE = [("grpc.max_receive_message_length", 400 << 20)]


class Behind(Protocol):
    """Whoever answers for a plugin."""

    def answer(self, method: str, request: Message) -> Any:  # noqa: ANN401 - any message
        """The answer to one request; raises Broken, Refusal or grpc.RpcError."""
        ...


class Played:
    """A stand-in."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    def answer(self, method: str, request: Message) -> Any:  # noqa: ANN401
        """The stand-in's own."""
        play: Callable[[Any], Any] | None = getattr(self._stand_in, method, None)
        if play is None:
            raise Broken(grpc.StatusCode.UNIMPLEMENTED, f"the stand-in has no {method}")
        return play(request)


class Genuine:
    """The real plugin's process, which the engine has started; every request is passed on to it."""

    def __init__(self, told: Path) -> None:
        self._told = told
        self._channels: dict[str, grpc.Channel] = {}

    def answer(self, method: str, request: Message) -> Any:  # noqa: ANN401
        """The real one's."""
        port = self._told.read_text().split()[0]
        channel = self._channels.setdefault(port, grpc.insecure_channel(f"127.0.0.1:{port}", LONGEST_MESSAGE))
        kind = message_factory.GetMessageClass(SERVICE.methods_by_name[method].output_type)
        call = channel.unary_unary(  # pyright: ignore[reportUnknownVariableType]
            f"/{SERVICE.full_name}/{method}",
            request_serializer=_bytes,
            response_deserializer=kind.FromString,
        )
        return call(request)


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


@dataclass
class Plugins:
    """Every plugin that a stack may use, in a home of Pulumi's own."""

    home: Path
    world: World
    faults: list[Fault] = field(default_factory=list[Fault])
    stage: Stage = field(default_factory=Stage)
    _servers: list[grpc.Server] = field(default_factory=list[grpc.Server])
    _striking: threading.Lock = field(default_factory=threading.Lock)

    def install(self, ours: Path, genuine: dict[str, Path]) -> None:
        """Make them; `ours` is where Pulumi.yaml says that our own plugin is."""
        for package, sdk in SDKS.items():
            version = importlib.metadata.version(sdk)
            folder = self.home / "plugins" / f"resource-{package}-v{version}"
            self._write(package, version, folder / f"pulumi-resource-{package}", genuine.get(package))
        self._write(OURS, OUR_VERSION, ours, genuine.get(OURS))

    def close(self) -> None:
        """Answer nobody any more."""
        self.stage.given_up.set()
        for server in self._servers:
            server.stop(None)

    def _write(self, package: str, version: str, file: Path, genuine: Path | None) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        told = self.home / f"{package}.port"
        port = self._serve(Genuine(told) if genuine else Played(StandIn(package, version, self.world)))
        if genuine:
            file.write_text(GENUINE.format(program=shlex.quote(str(genuine)), file=shlex.quote(str(told)), port=port))
        else:
            file.write_text(STAND_IN.format(port=port, told=shlex.quote(str(self.world.forgotten))))
        file.chmod(0o755)

    def _serve(self, behind: Behind) -> int:
        server = grpc.server(ThreadPoolExecutor(max_workers=32), options=LONGEST_MESSAGE)
        handlers = {
            method.name: grpc.unary_unary_rpc_method_handler(
                self._handler(behind, method.name),
                request_deserializer=message_factory.GetMessageClass(method.input_type).FromString,
                response_serializer=message_factory.GetMessageClass(method.output_type).SerializeToString,
            )
            for method in SERVICE.methods
            if not method.server_streaming
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers.append(server)
        return port

    def _handler(self, behind: Behind, method: str) -> Callable[[Message, grpc.ServicerContext], Any]:
        def handle(request: Message, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            try:
                return self._answer(behind, method, request)
            except Refusal as refusal:
                context.abort(grpc.StatusCode.UNKNOWN, str(refusal))
            except Broken as broken:
                context.set_trailing_metadata((("grpc-status-details-bin", broken.details()),))
                context.abort(broken.code, broken.words)
            except grpc.RpcError as error:
                context.set_trailing_metadata(cast("Any", error.trailing_metadata()) or ())
                context.abort(error.code(), error.details() or "")

        return handle

    def _answer(self, behind: Behind, method: str, request: Message) -> Any:  # noqa: ANN401
        if self.stage.dead.is_set():
            raise Broken(grpc.StatusCode.UNAVAILABLE, "error reading from server: EOF")
        if method == "Cancel":
            self.stage.given_up.set()
        urn = getattr(request, "urn", "")
        if not urn or method in ("CheckConfig", "DiffConfig", "Configure", "Construct"):
            return behind.answer(method, request)
        kind, name = urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]
        call = Call(method, kind, name, getattr(request, "preview", False))
        self.world.record(call)
        with self._striking:
            due = [fault for fault in self.faults if fault.is_due(call)]
        if due:
            return due[0].happens(self.stage, lambda: behind.answer(method, request))
        return behind.answer(method, request)


def genuine_plugins(packages: Iterable[str]) -> dict[str, Path]:
    """Those real plugins of the exact version that are installed on this machine."""
    home = Path(os.environ.get("HERO_GENUINE_HOME") or Path.home() / ".pulumi")
    found: dict[str, Path] = {}
    for package in packages:
        name = f"pulumi-resource-{package}"
        version = importlib.metadata.version(SDKS[package])
        file = home / "plugins" / f"resource-{package}-v{version}" / name
        if file.exists():
            found[package] = file
    return found


def end(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal to a command and all it started."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
