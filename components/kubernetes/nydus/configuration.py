"""What the snapshotter and the nydusd that it starts are told."""

import json
from typing import Any

from components.registry import Proxy

# How long another password takes to reach what runs from an image already.
MINUTES_BETWEEN_LOGINS = 5


def snapshotter(name: str, *, every_pull_secret: bool) -> str:
    """The file `config.toml` of nydus-snapshotter.

    `failover`: it holds what a nydusd has open, and gives it to the one that comes in its place. Where each image has
    a nydusd of its own, the end of one is the matter of that image alone.
    https://github.com/containerd/nydus-snapshotter/blob/v0.16.1/misc/snapshotter/config.toml
    """
    state, sockets = folders(name)
    return f"""\
version = 1
root = "{state}"
address = "{sockets}/containerd-nydus-grpc.sock"
daemon_mode = "dedicated"
cleanup_on_close = false
[system]
enable = false
[daemon]
nydusd_config = "{state}/nydusd.json"
nydusd_path = "{state}/bin/nydusd.sh"
fs_driver = "fusedev"
recover_policy = "failover"
failover_policy = "resend"
threads_number = 4
[cgroup]
enable = false
[log]
log_to_stdout = true
level = "info"
[metrics]
address = ""
[remote.mirrors_config]
dir = "{state}/certs.d"
[remote.auth]
enable_kubeconfig_keychain = {json.dumps(every_pull_secret)}
credential_renewal_interval = "{MINUTES_BETWEEN_LOGINS}m"
"""


def nydusd(proxy: Proxy | None, *, fetches_all: bool) -> str:
    """The file from which each nydusd has its own, with the registry and the login of its image.

    It fetches what is read, and ahead of that what the image itself names; after that, all of the image or no more.
    https://github.com/dragonflyoss/nydus/blob/v2.4.4/docs/nydusd.md
    """
    backend: dict[str, Any] = {"timeout": 5, "connect_timeout": 5, "retry_limit": 2}
    if proxy:
        # What is said by https is a tunnel to the proxy, and nothing that it could share.
        backend["proxy"] = {
            "url": proxy.url,
            "ping_url": proxy.health,
            "fallback": True,
            "check_interval": 5,
            "use_http": True,
        }
    written = {
        "device": {"backend": {"type": "registry", "config": backend}, "cache": {"type": "blobcache"}},
        "mode": "direct",
        "digest_validate": False,
        "iostats_files": False,
        "enable_xattr": True,
        "fs_prefetch": {"enable": True, "threads_count": 4, "prefetch_all": fetches_all},
    }
    return json.dumps(written, indent=2)


def hosts(name: str, address: str, *, plain_http: bool, has_authority: bool) -> str:
    """How the stack's own registry is reached, in the form that containerd has for it; others are reached by https."""
    host = address.rpartition(":")[0] or address
    scheme = "http" if plain_http or host in ("127.0.0.1", "localhost") else "https"
    state, _ = folders(name)
    return f'[host."{scheme}://{address}"]\n' + (f'ca = "{state}/ca.crt"\n' if has_authority else "")


def folders(name: str) -> tuple[str, str]:
    """Of what has to outlive the pod, and of its sockets; on each node, and under the same paths in the pod."""
    return f"/var/lib/{name}", f"/run/{name}"
