"""The dev stack of a checkout with Docker Hub for a home, and who could see its tokens."""

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.checkout import Checkout, commands
from tests.embedded.hub import NAMESPACE

SECONDS_BETWEEN_LOOKS = 0.02


def configure(checkout: Checkout, *lines: str, **image: Any) -> None:  # noqa: ANN401 - any JSON
    """Give the dev stack this config, beside the token; what is None is left out."""
    stack_file = checkout.path / "Pulumi.dev.yaml"
    kept = re.search(r"token:\s+secure: \S+", stack_file.read_text())
    salt = re.search(r"^encryptionsalt: .*\n", stack_file.read_text(), re.MULTILINE)
    settings = {"namespace": NAMESPACE, "keepData": False, **dict(line.split(": ", 1) for line in lines)}
    written = "".join(f"    {key}: {json.dumps(value)}\n" for key, value in settings.items())
    written = written.replace('"false"', "false").replace('"true"', "true")
    token = f"    {kept[0]}\n" if kept else ""
    image = {"tags": ["v0.0.1", "latest"], "platforms": ["linux/amd64"], **image}
    image_block = json.dumps({key: value for key, value in image.items() if value is not None})
    stack_file.write_text(
        f"{salt[0] if salt else ''}config:\n  hero:registry: dockerhub\n  hero:image: {image_block}\n"
        f"  hero:dockerhub:\n{written}{token}"
    )


def seen_while(command: Callable[[], object]) -> set[bytes]:
    """Every argument and every variable of the environment of any process on this machine, while a command runs."""
    seen: set[bytes] = set()
    running = threading.Thread(target=command)
    running.start()
    while running.is_alive():
        for process, words in commands():
            seen |= set(words)
            # It may have ended since.
            with contextlib.suppress(OSError):
                seen |= set(Path(f"/proc/{process}/environ").read_bytes().split(b"\0"))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return seen
