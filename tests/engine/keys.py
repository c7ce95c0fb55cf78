"""A stand-in for the Vault that keeps the key of every stack's secrets.

From a passphrase, the engine makes that key anew in each command, by a million rounds: a third of the CLI's time
on a small stack. The embedded tier has a passphrase, as users do.
"""

import base64
import functools
import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROVIDER = "hashivault://hero"
KEPT: dict[str, str] = {}
"""Every key that was given to it, by what it gave in its place."""


class Vault(BaseHTTPRequestHandler):
    """Its engine `transit`, of which no more is asked than to hide a key and to show it again."""

    def do_PUT(self) -> None:
        """https://developer.hashicorp.com/vault/api-docs/secret/transit says what goes to and fro."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/v1/transit/encrypt/"):
            hidden = f"vault:v1:{base64.b64encode(secrets.token_bytes(16)).decode()}"
            KEPT[hidden] = asked["plaintext"]
            told = {"ciphertext": hidden}
        else:
            told = {"plaintext": KEPT[asked["ciphertext"]]}
        body = json.dumps({"data": told}).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's
        """Nothing."""


@functools.cache
def vault() -> dict[str, str]:
    """The environment in which an engine finds it; it ends with this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"VAULT_SERVER_TOKEN": "the tests' own", "VAULT_SERVER_URL": f"http://127.0.0.1:{server.server_port}"}
