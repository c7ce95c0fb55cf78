"""The private authority of a stack's registry, where plugins look that know no other way to be told of one."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import Any

from tools.places import ROOT

FOLDER = ROOT / ".hero" / "authorities"
# Where Go looks by itself; whoever names one folder names all, https://pkg.go.dev/crypto/x509#SystemCertPool.
OF_THE_SYSTEM = ("/etc/ssl/certs", "/etc/pki/tls/certs")
STACK = "pulumi:pulumi:Stack"


def environment(stack: str) -> dict[str, str]:
    """What lets plugins trust it, beside those whom the system trusts."""
    given = os.environ.get("SSL_CERT_DIR") or os.pathsep.join(OF_THE_SYSTEM)
    return {"SSL_CERT_DIR": os.pathsep.join([given, str(FOLDER / stack)])}


def write(stack: str, state: dict[str, Any]) -> None:
    """The one that the state knows, or none: a refresh or a destroy runs no program that would write it."""
    resources: list[dict[str, Any]] = state.get("resources") or []
    told: list[dict[str, Any]] = [each.get("outputs") or {} for each in resources if each.get("type") == STACK]
    certificate = next((outputs.get("caCertificate") for outputs in told), None)
    if not certificate or not isinstance(certificate, str):
        forget(stack)
        return
    file = FOLDER / stack / "ca.pem"
    file.parent.mkdir(parents=True, exist_ok=True)
    # Another run may be reading it, and this one may be killed.
    unfinished = file.with_name(f"ca.{os.getpid()}.new")
    unfinished.write_text(certificate, encoding="utf-8")
    unfinished.replace(file)


def forget(stack: str) -> None:
    """Take it away, and the folders that nothing else is in."""
    shutil.rmtree(FOLDER / stack, ignore_errors=True)
    with contextlib.suppress(OSError):
        FOLDER.rmdir()
        FOLDER.parent.rmdir()
