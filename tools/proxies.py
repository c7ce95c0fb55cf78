"""Exempt this machine from the user's proxy: the engine and its plugins speak to each other on 127.0.0.1.

gRPC reads `no_grpc_proxy`, or else `no_proxy`, in lower case only. Go and curl read both cases, each in its own order,
so that both have to hold the user's list.
"""

from __future__ import annotations

from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
EVERYTHING = "*"


def exempt_loopback(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that exempt it, for an environment that names a proxy; none for another one."""
    if not any(environment.get(name) or environment.get(name.upper()) for name in PROXIES):
        return {}
    lower, upper = environment.get("no_proxy", ""), environment.get("NO_PROXY", "")
    changed = {"no_proxy": _with_loopback(lower or upper), "NO_PROXY": _with_loopback(upper or lower)}
    given = environment.get("no_grpc_proxy")
    if given is not None or EVERYTHING in (changed["no_proxy"], changed["NO_PROXY"]):
        # gRPC knows no `*`, and some others know it only where it stands alone.
        changed["no_grpc_proxy"] = _with_loopback("" if given in (None, EVERYTHING) else given)
    return changed


def _with_loopback(exempted: str | None) -> str:
    names = [name.strip() for name in (exempted or "").split(",") if name.strip()]
    if names == [EVERYTHING]:
        return EVERYTHING
    return ",".join([*names, *(name for name in LOOPBACK if name not in names)])
