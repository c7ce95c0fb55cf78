"""The Nydus snapshotter on each node of a cluster, for pods that choose its RuntimeClass."""

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from components.kubernetes.charts import NYDUS_SNAPSHOTTER_IMAGE
from components.kubernetes.cluster import PRIVILEGED, ClusterSettings, fingerprint, move_in
from components.kubernetes.nydus.configuration import folders, hosts, nydusd, snapshotter
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import docker_config
from components.registry import Proxy, Registry
from providers.departure import Departure
from providers.readiness import Readiness
from providers.storage_guard import Drain

HERE = Path(__file__).parent
SCRIPTS = ("node.sh", "containerd.sh", "traces.sh", "nydusd.sh")
SECONDS_TO_LEAVE_NO_TRACE = 180
RIGHTS = "rbac.authorization.k8s.io"

Pods = kubernetes.core.v1.PodTemplateSpecArgsDict


class NydusSnapshotter(pulumi.ComponentResource):
    """On each node, what starts a Nydus image at once and fetches of it what is read; and a RuntimeClass to choose it.

    Type: `hero:kubernetes:NydusSnapshotter`. Produces a `pulumi:providers:kubernetes`; a `kubernetes:core/v1:Namespace`
    with a `ServiceAccount` that may look at the DaemonSet and, with `everyPullSecret`, at all Secrets of the cluster; a
    `kubernetes:core/v1:Secret` of the puller's login, a `kubernetes:core/v1:ConfigMap` and a
    `kubernetes:apps/v1:DaemonSet`, privileged; a `kubernetes:node.k8s.io/v1:RuntimeClass`; a
    `hero-home:provider:Readiness` that waits for all of it, and a `hero-home:provider:Departure` that names the pods
    which run from it before it goes.
    """

    def __init__(
        self,
        name: str,
        registry: Registry,
        image: pulumi.Resource,
        settings: NydusSettings,
        cluster: ClusterSettings,
        proxy: Proxy | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Pods go on reading from the image and its registry, so neither goes before them."""
        super().__init__("hero:kubernetes:NydusSnapshotter", name, None, opts)
        self._name = name
        self._settings = settings
        self._cluster = move_in(
            name, cluster, settings.name, keep=False, parent=self, labels=PRIVILEGED, after=[registry, image]
        )
        self._placed = pulumi.ResourceOptions(parent=self, provider=self._cluster.provider)
        told = self._told(registry, proxy)
        pods = self._pods(registry, told)
        runs = self._run(pods, [*self._rights(), self._login(registry), self._tell(told)])
        chosen = self._choose()
        # Before the wait: where that fails, some nodes have been told already.
        departure = self._departure([runs, chosen])
        self._wait(pods, [departure])
        self.register_outputs({"runtimeClass": settings.name})

    def _told(self, registry: Registry, proxy: Proxy | None) -> pulumi.Output[dict[str, str]]:
        """Each file that a node is told, by its name."""
        name, authority = self._settings.name, registry.ca_certificate
        scripts = {file: (HERE / file).read_text() for file in SCRIPTS}
        configured = {
            "config.toml": snapshotter(name, every_pull_secret=self._settings.every_pull_secret),
            "nydusd.json": nydusd(proxy, fetches_all=self._settings.fetch_all),
        }
        return pulumi.Output.all(registry.address, authority or "").apply(
            lambda known: {
                **scripts,
                **configured,
                "hosts.toml": hosts(
                    name, known[0], plain_http=registry.plain_http, has_authority=authority is not None
                ),
                "ca.crt": known[1],
            }
        )

    def _named(self) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": self._settings.name, "namespace": self._cluster.namespace}

    def _tell(self, told: pulumi.Output[dict[str, str]]) -> pulumi.Resource:
        return kubernetes.core.v1.ConfigMap(f"{self._name}-told", metadata=self._named(), data=told, opts=self._placed)

    def _login(self, registry: Registry) -> pulumi.Resource:
        return kubernetes.core.v1.Secret(
            f"{self._name}-login",
            metadata=self._named(),
            type="kubernetes.io/dockerconfigjson",
            string_data={".dockerconfigjson": docker_config([registry])},
            opts=self._placed,
        )

    def _rights(self) -> list[pulumi.Resource]:
        """To see whether the DaemonSet goes or only a pod of it, and all Secrets only where config says so."""
        name = self._settings.name
        account = kubernetes.core.v1.ServiceAccount(
            f"{self._name}-account", metadata=self._named(), automount_service_account_token=False, opts=self._placed
        )
        subjects: list[pulumi.Input[kubernetes.rbac.v1.SubjectArgsDict]] = [
            {"kind": "ServiceAccount", "name": name, "namespace": self._cluster.namespace}
        ]
        role = kubernetes.rbac.v1.Role(
            f"{self._name}-role",
            metadata=self._named(),
            rules=[{"api_groups": ["apps"], "resources": ["daemonsets"], "resource_names": [name], "verbs": ["get"]}],
            opts=self._placed,
        )
        bound = kubernetes.rbac.v1.RoleBinding(
            f"{self._name}-role-binding",
            metadata=self._named(),
            role_ref={"api_group": RIGHTS, "kind": "Role", "name": name},
            subjects=subjects,
            opts=pulumi.ResourceOptions.merge(self._placed, pulumi.ResourceOptions(depends_on=[role, account])),
        )
        rights: list[pulumi.Resource] = [bound]
        if not self._settings.every_pull_secret:
            return rights
        everywhere = kubernetes.rbac.v1.ClusterRole(
            f"{self._name}-cluster-role",
            metadata={"name": name},
            rules=[{"api_groups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}],
            opts=self._placed,
        )
        bound_everywhere = kubernetes.rbac.v1.ClusterRoleBinding(
            f"{self._name}-cluster-role-binding",
            metadata={"name": name},
            role_ref={"api_group": RIGHTS, "kind": "ClusterRole", "name": name},
            subjects=subjects,
            opts=pulumi.ResourceOptions.merge(self._placed, pulumi.ResourceOptions(depends_on=[everywhere, account])),
        )
        return [*rights, bound_everywhere]

    def _run(self, pods: Pods, after: list[pulumi.Resource]) -> kubernetes.apps.v1.DaemonSet:
        name = self._settings.name
        return kubernetes.apps.v1.DaemonSet(
            f"{self._name}-snapshotter",
            metadata={
                **self._named(),
                "labels": {"app": name},
                # Readiness waits for it, and says for what.
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={"selector": {"match_labels": {"app": name}}, "template": pods},
            opts=pulumi.ResourceOptions.merge(self._placed, pulumi.ResourceOptions(depends_on=after)),
        )

    def _pods(self, registry: Registry, told: pulumi.Output[dict[str, str]]) -> Pods:
        settings = self._settings
        state, sockets = folders(settings.name)
        return {
            "metadata": {
                "labels": {"app": settings.name},
                # Other words mean other pods. Another password does not: its file is read again and again.
                "annotations": {"hero/told": fingerprint(told)},
            },
            "spec": {
                "service_account_name": settings.name,
                "automount_service_account_token": True,
                # To start nydusd beside the pod and not in it.
                "host_pid": True,
                "priority_class_name": "system-node-critical",
                "termination_grace_period_seconds": SECONDS_TO_LEAVE_NO_TRACE,
                "node_selector": {"kubernetes.io/os": "linux", **settings.node_selector},
                # On every other node, whatever it is kept free for: whoever runs Hero there pulls there.
                "tolerations": [{"operator": "Exists"}],
                "containers": [
                    {
                        "name": "snapshotter",
                        "image": str(NYDUS_SNAPSHOTTER_IMAGE.moved(self._cluster.settings)),
                        "command": ["sh", "/told/node.sh"],
                        "env": [
                            {"name": "NAME", "value": settings.name},
                            {"name": "NAMESPACE", "value": settings.name},
                            {"name": "STATE", "value": state},
                            {"name": "RUN", "value": sockets},
                            {"name": "REGISTRY", "value": registry.address},
                            {"name": "RESTART", "value": "true" if settings.restart_containerd else "false"},
                            {"name": "DOCKER_CONFIG", "value": "/login"},
                        ],
                        "readiness_probe": {
                            "exec_": {"command": ["sh", "/told/node.sh", "is_ready"]},
                            "period_seconds": 2,
                        },
                        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
                        "security_context": {"privileged": True},
                        "volume_mounts": [
                            {"name": "told", "mount_path": "/told", "read_only": True},
                            {"name": "login", "mount_path": "/login", "read_only": True},
                            # What is mounted there is for containers of other pods.
                            {"name": "state", "mount_path": state, "mount_propagation": "Bidirectional"},
                            {"name": "sockets", "mount_path": sockets},
                        ],
                    }
                ],
                "volumes": [
                    {"name": "told", "config_map": {"name": settings.name}},
                    {
                        "name": "login",
                        "secret": {
                            "secret_name": settings.name,
                            "items": [{"key": ".dockerconfigjson", "path": "config.json"}],
                        },
                    },
                    {"name": "state", "host_path": {"path": state, "type": "DirectoryOrCreate"}},
                    {"name": "sockets", "host_path": {"path": sockets, "type": "DirectoryOrCreate"}},
                ],
            },
        }

    def _choose(self) -> pulumi.Resource:
        name, selected = self._settings.name, self._settings.node_selector
        return kubernetes.node.v1.RuntimeClass(
            f"{self._name}-runtime-class",
            metadata={"name": name},
            handler=name,
            # Pods that choose it come to those nodes and to no others.
            scheduling={"node_selector": selected} if selected else None,
            opts=self._placed,
        )

    def _wait(self, pods: Pods, after: list[pulumi.Resource]) -> None:
        cluster = self._cluster
        Readiness(
            f"{self._name}-readiness",
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            settled=fingerprint({"in": cluster.identity, "pods": pods}),
            patience=cluster.settings.patience,
            url="",
            ca_certificate="",
            plain_http=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    @property
    def drain(self) -> Drain:
        """What is not deleted while pods use it."""
        cluster, settings = self._cluster, self._settings
        return Drain(
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            daemonSet=settings.name,
            runtimeClass=settings.name,
            patience=cluster.settings.patience,
        )

    def _departure(self, after: list[pulumi.Resource]) -> pulumi.Resource:
        cluster = self._cluster
        return Departure(
            f"{self._name}-departure",
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            daemon_set=self._settings.name,
            runtime_class=self._settings.name,
            patience=cluster.settings.patience,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
