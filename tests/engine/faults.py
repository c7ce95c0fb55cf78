"""What can go wrong at a call: to whom it happens, when, and what exactly."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2, status_pb2

from tests.engine.world import Call, Refusal, World

UNREACHABLE = (
    "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: "
    'Get "https://127.0.0.1:6443/openapi/v2": dial tcp 127.0.0.1:6443: connect: connection refused'
)
EXISTS_ALREADY = "409 Conflict: the name exists already"
UNAUTHORIZED = "401 Unauthorized: authentication required"
TOO_MANY_REQUESTS = "429 Too Many Requests: retry after 60 seconds"
SERVER_ERROR = "500 Internal Server Error"


class Broken(Exception):
    """The call ends with this status instead of an answer."""

    def __init__(self, code: grpc.StatusCode, words: str, half_made: Any = None) -> None:  # noqa: ANN401 - a message
        """Some providers tell with the failure what they have made so far."""
        super().__init__(words)
        self.code = code
        self.words = words
        self.half_made = half_made

    def details(self) -> bytes:
        """The status as gRPC carries it beside the code."""
        status = status_pb2.Status(code=self.code.value[0], message=self.words)
        if self.half_made is not None:
            packed = AnyMessage()
            packed.Pack(self.half_made)
            status.details.append(packed)
        return status.SerializeToString()


@dataclass
class Stage:
    """What the faults of a running command can reach: the engine's process, and the signal to give up."""

    kill_engine: Callable[[], None] = lambda: None
    given_up: threading.Event = field(default_factory=threading.Event)
    dead: threading.Event = field(default_factory=threading.Event)


Act = Callable[[], Any]
Happening = Callable[[Stage, Act], Any]


def refused(words: str) -> Happening:
    """The service behind the provider says no."""

    def happen(stage: Stage, act: Act) -> None:
        raise Broken(grpc.StatusCode.UNKNOWN, words)

    return happen


def slow(seconds: float) -> Happening:
    """It takes its time and then succeeds."""

    def happen(stage: Stage, act: Act) -> object:
        time.sleep(seconds)
        return act()

    return happen


def hangs(stage: Stage, act: Act) -> None:
    """No answer, until somebody gives up waiting for it."""
    stage.given_up.wait()
    raise Broken(grpc.StatusCode.CANCELLED, "cancelled")


def dies(stage: Stage, act: Act) -> None:
    """The plugin's process is gone, in the middle of this call and for all others."""
    stage.dead.set()
    raise Broken(grpc.StatusCode.UNAVAILABLE, "error reading from server: EOF")


def half_made(stage: Stage, act: Act) -> None:
    """It is there, but it did not become ready; the provider says both."""
    answer = act()
    known = provider_pb2.ErrorResourceInitFailed(
        id=getattr(answer, "id", ""), properties=answer.properties, reasons=["it did not become ready in time"]
    )
    raise Broken(grpc.StatusCode.UNKNOWN, "it did not become ready in time", known)


def crash(when: Literal["before", "after"]) -> Happening:
    """The engine is killed, before the provider has acted or before it could answer."""

    def happen(stage: Stage, act: Act) -> object:
        if when == "before":
            stage.kill_engine()
            raise Broken(grpc.StatusCode.UNAVAILABLE, "the engine is gone")
        answer = act()
        stage.kill_engine()
        return answer

    return happen


def crash_half_way(world: World) -> Happening:
    """The engine and the provider are killed after the first step of what takes several, such as a Helm upgrade."""

    def happen(stage: Stage, act: Act) -> None:
        world.is_killed_half_way = True
        try:
            act()
        except Refusal:
            pass
        finally:
            world.is_killed_half_way = False
        stage.kill_engine()
        raise Broken(grpc.StatusCode.UNAVAILABLE, "the engine is gone")

    return happen


@dataclass
class Fault:
    """Something happens at the n-th call of this method, for this type and name; for any where none is given."""

    method: str
    happens: Happening
    type: str = ""
    nth: int = 1
    name: str = ""
    struck: bool = False
    _seen: int = 0

    def is_due(self, call: Call) -> bool:
        """Whether it is this call's turn; each call is asked once."""
        if self.struck or call.preview or call.method != self.method:
            return False
        if self.type not in ("", call.type) or self.name not in ("", call.name):
            return False
        self._seen += 1
        self.struck = self._seen == self.nth
        return self.struck


@dataclass
class OnceEach(Fault):
    """It happens to each of them the first time that it is tried."""

    names: set[str] = field(default_factory=set[str])

    def is_due(self, call: Call) -> bool:
        """Whether this one was not tried before."""
        if call.preview or call.method != self.method or call.name in self.names:
            return False
        self.names.add(call.name)
        self.struck = True
        return True
