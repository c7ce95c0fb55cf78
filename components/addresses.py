"""What an address says of how a registry is reached."""

import ipaddress
import re

HUB, HUBS_OWN = "docker.io", "registry-1.docker.io"
"""What images are called by, and the host that has them."""
# Names that lead to an address which is a part of them, https://nip.io and https://sslip.io.
NAMES_OF_ITSELF = re.compile(r"(.*[.-])?(127([.-]\d{1,3}){3}|7f[0-9a-f]{6})\.(nip|sslip)\.io")


def url_of(address: str, *, plain_http: bool) -> str:
    """Where clients ask a registry of this address."""
    return f"{scheme_of(address, plain_http=plain_http)}://{HUBS_OWN if address == HUB else address}"


def scheme_of(address: str, *, plain_http: bool) -> str:
    """How clients reach it: on the machine itself without TLS, since nothing leaves it."""
    host = address.rpartition(":")[0] or address
    return "http" if plain_http or host in ("127.0.0.1", "localhost") else "https"


def leads_to_itself(host: str) -> bool:
    """Whether each machine that asks for this host asks itself."""
    if host == "localhost" or host.endswith(".localhost") or NAMES_OF_ITSELF.fullmatch(host):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
