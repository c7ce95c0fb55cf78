"""Private authorities, for plugins that know no other way to be told of one than as everybody on a machine is."""

from pathlib import Path

import pulumi

# ./pulumiw names the stack's folder in here to the plugins of its runs in SSL_CERT_DIR, beside those of the system.
FOLDER = Path(".hero/authorities")


def trusted(url: str, authority: pulumi.Output[str] | None) -> pulumi.Output[str]:
    """The same URL, not before plugins that look for authorities find this one."""
    if authority is None:
        return pulumi.Output.from_input(url)
    return authority.apply(lambda certificate: _write(certificate, url))


def _write(certificate: str, url: str) -> str:
    file = FOLDER / pulumi.get_stack() / "ca.pem"
    file.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: a plugin reads them once, and never again.
    unfinished = file.with_suffix(".new")
    unfinished.write_text(certificate)
    unfinished.replace(file)
    return url
