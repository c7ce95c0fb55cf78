"""The private authority of a stack's registry, where plugins look that know no other way to be told of one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from tools.places import ROOT

FOLDER = ROOT / ".hero" / "authorities"
# Where Go looks by itself; whoever names one folder names all, https://pkg.go.dev/crypto/x509#SystemCertPool.
OF_THE_SYSTEM = ("/etc/ssl/certs", "/etc/pki/tls/certs")
STACK = "pulumi:pulumi:Stack"


def environment() -> dict[str, str]:
    """What lets plugins trust them, beside those whom the system trusts."""
    given = os.environ.get("SSL_CERT_DIR") or os.pathsep.join(OF_THE_SYSTEM)
    return {"SSL_CERT_DIR": os.pathsep.join([given, str(FOLDER)])}


def write(stack: str, state: dict[str, Any]) -> None:
    """The stack's own, as far as its state knows one: a refresh or a destroy runs no program that would write it."""
    resources: list[dict[str, Any]] = state.get("resources") or []
    for each in resources:
        certificate = each.get("outputs", {}).get("caCertificate") if each["type"] == STACK else None
        if not certificate:
            continue
        FOLDER.mkdir(parents=True, exist_ok=True)
        _file(stack).write_text(certificate, encoding="utf-8")


def forget(stack: str) -> None:
    """Take it away, and the folders that nothing else is in."""
    _file(stack).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        FOLDER.rmdir()
        FOLDER.parent.rmdir()


def _file(stack: str) -> Path:
    return FOLDER / f"{stack}.pem"
