"""`make picture STACK=…` keeps what the puller sees at the page of a stack that is up: docs/pictures/<registry>.png."""

import base64
import hashlib
import json
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conformance.__main__ import outputs
from tests.genuine.browser import Browser, browser
from tools.places import ROOT
from tools.problem import Problem
from tools.progress import say

SIZE = (1200, 900)
PICTURES = ROOT / "docs" / "pictures"


def sign_in_to_zot(tab: Browser, username: str, password: str) -> None:
    """By the form that it shows to whoever is a stranger."""
    tab.write("input[name=username]", username)
    tab.write("input[name=password]", password)
    tab.evaluate("document.querySelector('form button').click()")


SIGN_IN = {"zot": sign_in_to_zot}


def main(stack: str) -> int:
    """Take the picture; 1 where that cannot be done, with the reason."""
    try:
        told = outputs(stack)
        take(told, PICTURES / f"{told['registry']}.png")
    except Problem as problem:
        say(str(problem))
        return 1
    return 0


def take(told: dict[str, Any], picture: Path) -> None:
    """Sign in as the puller, go to the page, and wait until it shows Hero's digest."""
    sign_in = SIGN_IN.get(told["registry"])
    if sign_in is None:
        raise Problem(f"{told['registry']} has no page to look at")
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder), SIZE, [_key_of(told["page"])]) as tab:
        tab.open(told["page"])
        sign_in(tab, told["pullerUsername"], told["pullerPassword"])
        tab.wait_for("!document.querySelector('input[name=password]')")
        tab.open(told["page"])
        tab.wait_for(f"document.body.innerText.includes({json.dumps(told['tags'][0])})")
        picture.parent.mkdir(exist_ok=True)
        tab.picture(picture)
    say(f"this is what the puller sees: {picture.relative_to(ROOT)}")


def _key_of(url: str) -> str:
    """What the browser knows the page's certificate by."""
    parts = urlsplit(url)
    pem = ssl.get_server_certificate((str(parts.hostname), parts.port or 443))
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b64encode(digest).decode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
