"""What the nodes of a cluster are told of a registry, and forget when it goes."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from components.kubernetes.charts import SHELL_IMAGE
from components.kubernetes.cluster import Cluster, fingerprint

SECONDS_TO_FORGET = 30
TOLD = "told"
SCRIPT = (Path(__file__).parent / "containerd_hosts.sh").read_text()
# Kubernetes shows the output as the cause.
PROBE = """
[ ! -s /dev/termination-log ] || { cat /dev/termination-log; exit 1; }
for file in "/certs.d/$REGISTRY/${OWNER:+$OWNER.}$PART.toml" "/certs.d/$REGISTRY/hosts.toml"; do
    [ -s "$file" ] || { echo "cannot read ${file#/certs.d/} on this node: it is not there"; exit 1; }
done
"""


@dataclass(frozen=True)
class Mirror:
    """Who is asked for what a registry has before the registry is; it gets what it has not from there itself.

    It is not asked which image a tag names: that is for the registry to say, whose certificate is looked at.
    """

    url: str
    """Such as `http://127.0.0.1:4001`, which is the node's own loopback."""
    server: pulumi.Input[str]
    """`host[:port]` of the registry, for when the mirror does not answer."""
    upstream: pulumi.Input[str]
    """The address at which the mirror shall ask, as its header `X-Dragonfly-Registry` says it."""


class Nodes(pulumi.ComponentResource):
    """On each node of the cluster, how its containerd reaches a registry: by which scheme, trusting whom, through whom.

    Type: `hero:kubernetes:Nodes`. Produces a `kubernetes:core/v1:ConfigMap` and a `kubernetes:apps/v1:DaemonSet` that
    writes `<certsDirectory>/<address>/hosts.toml` and a certificate, restores both where they are deleted or changed,
    and deletes both when it goes. Where there is a second one for the same address, with a mirror, its file is the one
    that counts. The container runtime is not restarted. Raises nothing, but its pods end with the cause on a node
    where another stack or another tool configures the same address.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        address: pulumi.Input[str],
        scheme: pulumi.Input[str],
        authority: pulumi.Output[str] | None,
        opts: pulumi.ResourceOptions | None = None,
        mirror: Mirror | None = None,
    ) -> None:
        super().__init__("hero:kubernetes:Nodes", name, None, opts)
        part = "mirror" if mirror else "registry"
        file = pulumi.Output.all(mirror.server if mirror else address, scheme, mirror.upstream if mirror else "").apply(
            lambda known: hosts(
                f"{known[1]}://{known[0]}",
                f"{part}.ca.crt" if authority is not None else "",
                (mirror.url, known[2]) if mirror else None,
            )
        )
        told = pulumi.Output.all(file, authority or "").apply(
            lambda known: {"hosts.toml": known[0], "ca.crt": known[1]}
        )
        written = kubernetes.core.v1.ConfigMap(
            f"{name}-told",
            metadata={"name": name, "namespace": cluster.namespace},
            data=told,
            opts=pulumi.ResourceOptions(parent=self, provider=cluster.provider),
        )
        volume: kubernetes.core.v1.VolumeArgsDict = {"name": TOLD, "config_map": {"name": name}}
        write(name, cluster, address, part, fingerprint(told), volume, written, self, owner=cluster.name)
        self.register_outputs({"address": address})


def write(
    name: str,
    cluster: Cluster,
    address: pulumi.Input[str],
    part: str,
    told: pulumi.Output[str],
    volume: kubernetes.core.v1.VolumeArgsDict,
    written: pulumi.Resource,
    parent: pulumi.Resource,
    owner: str = "",
) -> pulumi.Resource:
    """What writes a part of an address's file on each node, and takes it away when it goes.

    The `volume`, called `TOLD`, has the part's `hosts.toml`, certificates, and tables to be put behind whatever part
    counts; `told` is another text where something of it is another, and `written` is where the volume comes from.
    `owner` distinguishes the files of stacks that have the same `part`; without it, no two stacks may have it.

    Type: `kubernetes:apps/v1:DaemonSet`.
    """
    return kubernetes.apps.v1.DaemonSet(
        f"{name}-writer",
        metadata={
            "name": name,
            "namespace": cluster.namespace,
            "labels": {"app": name},
            # Readiness waits for it, and says for what.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        spec={
            "selector": {"match_labels": {"app": name}},
            # One after the other, a node that is down would keep all others as they are.
            "update_strategy": {"rolling_update": {"max_unavailable": "100%"}},
            "template": {
                # Other words mean other pods.
                "metadata": {"labels": {"app": name}, "annotations": {"hero/told": told}},
                "spec": _pod(cluster, address, part, volume, owner),
            },
        },
        opts=pulumi.ResourceOptions(parent=parent, provider=cluster.provider, depends_on=[written]),
    )


def hosts(server: str, certificate: str, mirror: tuple[str, str] | None) -> str:
    """The file `hosts.toml` of a registry: its certificate, and a mirror with the address that it shall ask at.

    Who sends one for a token, as Harbor does, is sent there by way of the mirror too, and is trusted by what stands at
    the mirror. containerd then asks the mirror by TLS first, and by HTTP when that does not answer so.
    https://github.com/containerd/containerd/blob/v2.2.0/core/remotes/docker/config/hosts.go
    """
    # Beside the file itself.
    trusts = [f'  ca = "{certificate}"'] if certificate else []
    lines = [f'server = "{server}"']
    if mirror:
        url, upstream = mirror
        lines += [
            f'[host."{url}"]',
            '  capabilities = ["pull"]',
            *trusts,
            f'[host."{url}".header]',
            f'  X-Dragonfly-Registry = "{upstream}"',
        ]
    return "\n".join([*lines, f'[host."{server}"]', '  capabilities = ["pull", "resolve"]', *trusts]) + "\n"


def _pod(
    cluster: Cluster, address: pulumi.Input[str], part: str, told: kubernetes.core.v1.VolumeArgsDict, owner: str
) -> kubernetes.core.v1.PodSpecArgsDict:
    return {
        "automount_service_account_token": False,
        "termination_grace_period_seconds": SECONDS_TO_FORGET,
        # On every node, whatever it is kept free for: whoever runs Hero there pulls there.
        "tolerations": [{"operator": "Exists"}],
        "node_selector": {"kubernetes.io/os": "linux"},
        "containers": [
            {
                "name": "writer",
                "image": str(SHELL_IMAGE.moved(cluster.settings)),
                "command": ["sh", "-c", SCRIPT, "writer", cluster.settings.certs_directory],
                "env": [
                    {"name": "REGISTRY", "value": address},
                    {"name": "PART", "value": part},
                    *([{"name": "OWNER", "value": owner}] if owner else []),
                ],
                "readiness_probe": {
                    "exec_": {"command": ["sh", "-c", PROBE]},
                    "period_seconds": 1,
                },
                "resources": {"requests": {"cpu": "1m", "memory": "4Mi"}, "limits": {"memory": "32Mi"}},
                "security_context": {
                    "allow_privilege_escalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "read_only_root_filesystem": True,
                    # The folder is root's on the node.
                    "run_as_user": 0,
                },
                "volume_mounts": [
                    {"name": TOLD, "mount_path": "/told", "read_only": True},
                    {"name": "certs", "mount_path": "/certs.d"},
                ],
            }
        ],
        "volumes": [
            told,
            {"name": "certs", "host_path": {"path": cluster.settings.certs_directory, "type": "DirectoryOrCreate"}},
        ],
    }
