"""What a container on a node has read of its image, as the nydusd knows by which the image comes."""

import http.client
import json
import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tools.node.node import Node
from tools.packages import run
from tools.problem import Problem

# The first byte of a file's number is that of its file system, where several are mounted by one nydusd.
WITHIN_A_FILE_SYSTEM = 2**56 - 1
SECONDS_TO_RESPOND = 30.0


class Access(TypedDict):
    """When a file was read first, as nydusd 2.2 tells it: `AccessPattern` in its utils/src/metrics.rs."""

    ino: int
    first_access_time_secs: int
    first_access_time_nanos: int


@dataclass(frozen=True)
class File:
    """A file of an image: its path there, and its bytes."""

    path: str
    size: int


def files_of(node: Node) -> dict[int, File]:
    """All files of the image that the node runs, by their numbers."""
    listed = run(
        node.inside("find", str(_mounted(node)), "-type", "f", "-printf", r"%i %s /%P\0"),
        "the files of the image cannot be listed",
    )
    found: dict[int, File] = {}
    for line in filter(None, listed.split("\0")):
        number, size, path = line.split(" ", 2)
        # A file of several names is fetched by any of them.
        found.setdefault(int(number) & WITHIN_A_FILE_SYSTEM, File(path, int(size)))
    return found


def accesses_of(node: Node) -> list[Access]:
    """What was read since nydusd started, by its API.

    https://github.com/dragonflyoss/nydus/blob/v2.2.0/api/openapi/nydus-api-v1.yaml
    """
    (api,) = (node.folder / "socket").glob("*/api.sock")
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(SECONDS_TO_RESPOND)
        try:
            connection.sock.connect(str(api))
            connection.request("GET", "/api/v1/metrics/pattern")
            return list(json.loads(connection.getresponse().read()))
        except TimeoutError as error:
            raise Problem(f"cannot read from nydusd: timed out, no response within {SECONDS_TO_RESPOND:g} s") from error


def in_order(accesses: list[Access], files: dict[int, File]) -> list[File]:
    """The files that were read, the first one first."""
    ordered = sorted(accesses, key=lambda each: (each["first_access_time_secs"], each["first_access_time_nanos"]))
    numbers = [each["ino"] & WITHIN_A_FILE_SYSTEM for each in ordered]
    return [files[number] for number in numbers if number in files]


def _mounted(node: Node) -> Path:
    """Where the node has the image, before a container writes over it."""
    mounts = [line.split() for line in Path(f"/proc/{node.first}/mounts").read_text().splitlines()]
    found = [
        Path(path) for _, path, kind, *_ in mounts if kind.startswith("fuse") and node.folder in Path(path).parents
    ]
    if not found:
        raise Problem(
            "the image came as a whole and not by nydusd. Of an image in both forms (hero:image.nydus: merged) a node "
            "starts the usual one; set hero:image.nydus to true, then make up STACK=…, then make learn STACK=…"
        )
    return found[0]
