"""The claim on which a registry in a cluster keeps its data."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.kubernetes.cluster import Cluster


def claim(
    name: str,
    claimed: str,
    size: str,
    storage_class: str | None,
    cluster: Cluster,
    *,
    keep: bool,
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.PersistentVolumeClaim:
    """A claim for one pod, which goes with its namespace unless it is to be kept.

    Type: `kubernetes:core/v1:PersistentVolumeClaim`. `claimed` is its name in the cluster; of another class it is
    another claim, which has to be there before the old one is let go, and so has another name.
    """
    return kubernetes.core.v1.PersistentVolumeClaim(
        name,
        metadata={
            "name": "-".join([claimed, *([storage_class] if storage_class else [])]),
            "namespace": cluster.namespace,
            # Where a class binds it to the first pod that comes, nobody would wait for anything else.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        spec={
            "access_modes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storage_class_name": storage_class,
        },
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                retain_on_delete=keep,
                # It goes with its namespace, and so nobody waits for a pod that still holds it.
                deleted_with=None if keep else cluster.home,
            ),
        ),
    )
