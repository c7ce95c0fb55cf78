"""A real browser, driven over its own protocol: https://chromedevtools.github.io/devtools-protocol/."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.problem import Problem

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
SECONDS_FOR_A_PAGE = 300
SECONDS_BETWEEN_LOOKS = 0.2


def find_browser() -> str | None:
    """A Chromium on PATH, whatever it is called there."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb")
        self._number = 0
        self._session = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")

    def open(self, url: str) -> None:
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true. Raises Problem where it never is."""
        until = time.monotonic() + SECONDS_FOR_A_PAGE
        while time.monotonic() < until:
            if self.evaluate(f"!!({expression})"):
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)
        raise Problem(f"the page never had {expression}; it says: {self.evaluate('document.body.innerText')}")

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - any JSON
        """What a JavaScript expression is."""
        return self._call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def write(self, selector: str, text: str) -> None:
        """Put text into a field, as a person would."""
        self.wait_for(_element(selector))
        self.evaluate(f"{_element(selector)}.focus()")
        self._call("Input.insertText", text=text)

    def picture(self, file: Path, selector: str = "") -> None:
        """What one sees now, or one element as a whole, twice as sharp."""
        how: dict[str, object] = {}
        if selector:
            place = self.evaluate(f"{_element(selector)}.getBoundingClientRect().toJSON()")
            clip = {name: place[name] for name in ("x", "y", "width", "height")}
            how = {"clip": {**clip, "scale": 2}, "captureBeyondViewport": True}
        file.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png", **how)["data"]))

    def close(self) -> None:
        """End it."""
        self._session = ""
        self._call("Browser.close")

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") != self._number:
                continue
            if "error" in answer:
                raise Problem(f"{method}: {answer['error']['message']}")
            return answer["result"]

    def _next(self) -> bytes:
        # Messages end with a zero byte, and no page here has one of more than some hundred kilobytes.
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            if not byte:
                raise Problem("the browser has ended")
            message += byte
        return bytes(message)


def _element(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


@contextmanager
def browser(folder: Path, size: tuple[int, int], trusted_keys: list[str]) -> Generator[Browser]:
    """A browser with a profile of its own, which takes certificates of these keys: base64 of the SHA-256 of each."""
    program = find_browser()
    if program is None:
        raise Problem("there is no Chromium on PATH")
    commands_in, commands_out = os.pipe()
    answers_in, answers_out = os.pipe()
    # The protocol's own numbers: it reads from 3 and writes to 4.
    command = [
        *("sh", "-c", f'exec "$@" 3<&{commands_in} 4>&{answers_out}', "sh", program, *QUIET),
        *("--remote-debugging-pipe", f"--window-size={size[0]},{size[1]}", f"--user-data-dir={folder}"),
        f"--ignore-certificate-errors-spki-list={','.join(trusted_keys)}",
    ]
    process = subprocess.Popen(command, pass_fds=(commands_in, answers_out), stderr=subprocess.DEVNULL)
    os.close(commands_in)
    os.close(answers_out)
    opened = Browser(commands_out, answers_in)
    try:
        yield opened
    finally:
        opened.close()
        process.wait(timeout=SECONDS_FOR_A_PAGE)
