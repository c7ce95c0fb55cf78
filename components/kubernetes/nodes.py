"""What the nodes of a cluster are told of a registry, and forget when it goes."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.kubernetes.charts import SHELL_IMAGE
from components.kubernetes.cluster import Cluster, fingerprint

SECONDS_TO_FORGET = 30
# Ours is known by its first line; what somebody else wrote for this address is not touched. The copy is moved into its
# place, so that containerd never reads half of it; it reads at each pull, and needs no restart.
# https://github.com/containerd/containerd/blob/main/docs/hosts.md
SCRIPT = """
set -u
mark='# Written by Hero. It goes with the DaemonSet that wrote it.'
folder="/certs.d/$REGISTRY"
if [ -e "$folder/hosts.toml" ] && ! head -n 1 "$folder/hosts.toml" | grep -qxF "$mark"; then
    echo "$folder/hosts.toml on this node was written by somebody else" | tee /dev/termination-log
    exit 1
fi
forget() {
    rm -f "$folder/hosts.toml" "$folder/hosts.toml.new" "$folder/ca.crt"
    rmdir "$folder" 2>/dev/null
    exit 0
}
trap forget TERM INT
mkdir -p "$folder"
[ ! -s /told/ca.crt ] || cp /told/ca.crt "$folder/ca.crt"
{ echo "$mark"; cat /told/hosts.toml; } > "$folder/hosts.toml.new"
mv "$folder/hosts.toml.new" "$folder/hosts.toml"
while :; do sleep 3600 & wait $!; done
"""


class Nodes(pulumi.ComponentResource):
    """On each node of the cluster, how its containerd reaches a registry: by which scheme, trusting whom.

    Type: `hero:kubernetes:Nodes`. Produces a `kubernetes:core/v1:ConfigMap` and a `kubernetes:apps/v1:DaemonSet` that
    writes `<certsDirectory>/<address>/hosts.toml` and `ca.crt`, and takes both away when it goes. The container runtime
    is not restarted. Raises nothing, but its pods do not start on a node where somebody else wrote the same file.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        address: str,
        scheme: str,
        authority: pulumi.Output[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("hero:kubernetes:Nodes", name, None, opts)
        placed = pulumi.ResourceOptions(parent=self, provider=cluster.provider)
        hosts = _hosts(address, scheme, has_authority=authority is not None)
        told = pulumi.Output.from_input(authority or "").apply(
            lambda certificate: {"hosts.toml": hosts, "ca.crt": certificate}
        )
        written = kubernetes.core.v1.ConfigMap(
            f"{name}-told",
            metadata={"name": name, "namespace": cluster.namespace},
            data=told,
            opts=placed,
        )
        kubernetes.apps.v1.DaemonSet(
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
                "template": {
                    # Other words mean other pods.
                    "metadata": {"labels": {"app": name}, "annotations": {"hero/told": fingerprint(told)}},
                    "spec": _pod(name, cluster, address),
                },
            },
            opts=pulumi.ResourceOptions.merge(placed, pulumi.ResourceOptions(depends_on=[written])),
        )
        self.register_outputs({"address": address})


def _hosts(address: str, scheme: str, *, has_authority: bool) -> str:
    lines = [
        f'server = "{scheme}://{address}"',
        f'[host."{scheme}://{address}"]',
        '  capabilities = ["pull", "resolve"]',
        # Beside the file itself.
        *(['  ca = "ca.crt"'] if has_authority else []),
    ]
    return "\n".join(lines) + "\n"


def _pod(name: str, cluster: Cluster, address: str) -> kubernetes.core.v1.PodSpecArgsDict:
    return {
        "automount_service_account_token": False,
        "termination_grace_period_seconds": SECONDS_TO_FORGET,
        # On every node, whatever it is kept free for: whoever runs Hero there pulls there.
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": "writer",
                "image": str(SHELL_IMAGE.moved(cluster.settings)),
                "command": ["sh", "-c", SCRIPT],
                "env": [{"name": "REGISTRY", "value": address}],
                "readiness_probe": {
                    "exec_": {"command": ["test", "-f", f"/certs.d/{address}/hosts.toml"]},
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
                    {"name": "told", "mount_path": "/told", "read_only": True},
                    {"name": "certs", "mount_path": "/certs.d"},
                ],
            }
        ],
        "volumes": [
            {"name": "told", "config_map": {"name": name}},
            {"name": "certs", "host_path": {"path": cluster.settings.certs_directory, "type": "DirectoryOrCreate"}},
        ],
    }
