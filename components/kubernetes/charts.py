"""Every chart and image that is put into a cluster, pinned, and from where else than their homes they may come."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.kubernetes.cluster import Cluster, ClusterSettings, fingerprint
from components.plugin import call_plugin


@dataclass(frozen=True)
class Chart:
    """A Helm chart of one version, and the repository that it comes from."""

    name: str
    version: str
    repository: str


@dataclass(frozen=True)
class ContainerImage:
    """An image of one version; `repository` begins with its registry."""

    repository: str
    tag: str

    def moved(self, settings: ClusterSettings) -> "ContainerImage":
        """The same image where the stack's clusters find it: below the mirror, its own registry left out."""
        if settings.images is None:
            return self
        return ContainerImage(f"{settings.images}/{self.repository.partition('/')[2]}", self.tag)

    def __str__(self) -> str:
        """As a pod names it."""
        return f"{self.repository}:{self.tag}"


ZOT = Chart("zot", "0.1.122", "https://zotregistry.dev/helm-charts")
# The chart's own default is v2.1.18; what we say of zot was seen of this one.
ZOT_IMAGE = ContainerImage("ghcr.io/project-zot/zot", "v2.1.20")
ZOT_MINIMAL_IMAGE = ContainerImage("ghcr.io/project-zot/zot-minimal", "v2.1.20")
HARBOR = Chart("harbor", "1.19.1", "https://helm.goharbor.io")
# By where the chart's values name each of them.
HARBOR_IMAGES = {
    path: ContainerImage(f"docker.io/goharbor/{name}", "v2.15.1")
    for path, name in {
        "nginx": "nginx-photon",
        "portal": "harbor-portal",
        "core": "harbor-core",
        "jobservice": "harbor-jobservice",
        "registry.registry": "registry-photon",
        "registry.controller": "harbor-registryctl",
        "trivy": "trivy-adapter-photon",
        "database.internal": "harbor-db",
        "redis.internal": "redis-photon",
        "exporter": "harbor-exporter",
    }.items()
}
# Each release has the nydusd that was the newest then: 2.4 at least, whose settings are others than those of 2.1.
NYDUS_SNAPSHOTTER_IMAGE = ContainerImage("ghcr.io/containerd/nydus-snapshotter", "v0.16.1")
DRAGONFLY = Chart("dragonfly", "1.7.4", "https://dragonflyoss.github.io/helm-charts/")
DRAGONFLY_MANAGER_IMAGE = ContainerImage("docker.io/dragonflyoss/manager", "v2.5.0")
DRAGONFLY_SCHEDULER_IMAGE = ContainerImage("docker.io/dragonflyoss/scheduler", "v2.5.0")
DRAGONFLY_CLIENT_IMAGE = ContainerImage("docker.io/dragonflyoss/client", "v1.4.0")
# What the charts of the database and of Redis that come along are made for: mysql 11.1.20 and redis 19.5.5.
DRAGONFLY_DATABASE_IMAGE = ContainerImage("docker.io/bitnamilegacy/mysql", "8.4.3-debian-12-r0")
DRAGONFLY_REDIS_IMAGE = ContainerImage("docker.io/bitnamilegacy/redis", "7.2.5-debian-12-r0")
SHELL_IMAGE = ContainerImage("docker.io/library/busybox", "1.37.0")


def install(
    name: str,
    chart: Chart,
    release: str,
    values: pulumi.Input[dict[str, Any]],
    cluster: Cluster,
    opts: pulumi.ResourceOptions,
) -> pulumi.CustomResource:
    """A release of the chart in the cluster's namespace. It is applied and not waited for: Readiness does that.

    Type: `kubernetes:helm.sh/v3:Release`. Every random value is ours to give: the chart's own would be another one at
    each upgrade. Its description is the checksum of what was deployed: a refresh takes over the values of the newest
    revision, also of one that was never deployed, and leaves the description alone.
    https://github.com/pulumi/pulumi-kubernetes/blob/v4.32.0/provider/pkg/provider/helm_release.go
    """
    source, repository = _source(chart, cluster.settings.charts)
    checksum = fingerprint({"chart": chart.name, "values": values, "version": chart.version})
    return kubernetes.helm.v3.Release(
        name,
        name=release,
        chart=source,
        version=chart.version,
        repository_opts=kubernetes.helm.v3.RepositoryOptsArgs(repo=repository) if repository else None,
        namespace=cluster.namespace,
        values=values,
        description=pulumi.Output.concat("values sha256:", checksum),
        skip_await=True,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                delete_before_replace=True,
                hooks=_repair(name, release, cluster),
            ),
        ),
    )


def _repair(name: str, release: str, cluster: Cluster) -> pulumi.ResourceHookBinding:
    """Before a release is created or updated, repair what a killed run has left of it in Helm's storage.

    Before a create, delete all revisions: no state knows of them, and Helm would refuse the name for ever. Before an
    update, discard a revision that is pending: Helm would refuse every operation for ever. The history stays.
    """

    def repair(args: pulumi.ResourceHookArgs | None) -> None:
        settings = cluster.settings
        place = (settings.file or "", settings.context or "", cluster.name, release)
        if args is not None and args.id:
            call_plugin("discard-pending", *place, str(settings.patience))
        else:
            call_plugin("forget-release", *place)

    hook = pulumi.ResourceHook(f"{name}-forget", repair)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def _source(chart: Chart, charts: str | None) -> tuple[str, str | None]:
    """What Helm takes for the chart, and the repository where it is a name in one."""
    if charts is None:
        return chart.name, chart.repository
    if charts.startswith("oci://"):
        return f"{charts}/{chart.name}", None
    if "://" in charts:
        return chart.name, charts
    packed = Path(charts).expanduser() / f"{chart.name}-{chart.version}.tgz"
    return str(packed if packed.exists() else Path(charts).expanduser() / chart.name), None
