"""zot by its own chart: its claim, its logins, its configuration, and what clients and nodes need to reach it."""

import json
from typing import Any
from urllib.parse import quote

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.image_settings import Build, ImageSettings
from components.kubernetes.certificates import certify
from components.kubernetes.charts import ZOT, ZOT_IMAGE, ZOT_MINIMAL_IMAGE, install
from components.kubernetes.claims import claim
from components.kubernetes.cluster import ClusterSettings, fingerprint, move_in, name_of, uid_of
from components.kubernetes.exposure import Expose
from components.kubernetes.nodes import Nodes
from components.registries.zot.configuration import (
    CONFIGURATION,
    FOLDER,
    LOGINS,
    METRICS,
    MIRROR_LOGINS,
    PULLER,
    PUSHER,
    TLS_FOLDER,
    configuration,
    mirror_logins,
)
from components.registries.zot.settings import ZotSettings
from components.registry import Login, Registry
from providers.readiness import Readiness

RELEASE = "zot"
NODE_PORT = 30500
PASSWORD_LENGTH = 32
# The chart gives a start 35 seconds; one that has much to look through takes longer.
STARTS_OF_TEN_SECONDS = 60


class Zot(Registry):
    """A zot in a namespace of the stack's own, with a pusher and a puller for Hero's repository and nobody else.

    Type: `hero:registry:Zot`. Produces a `pulumi:providers:kubernetes`, a `kubernetes:core/v1:Namespace`, a
    `kubernetes:core/v1:PersistentVolumeClaim` unless images are in a bucket, for each login a
    `random:index/randomPassword:RandomPassword`, a `kubernetes:core/v1:Secret` of all that zot reads, a certificate
    (see `certify`), a `kubernetes:helm.sh/v3:Release`, a `hero:kubernetes:Nodes`, where one is asked for a
    `kubernetes:monitoring.coreos.com/v1:ServiceMonitor` with a Secret, and a `hero-home:provider:Readiness` that waits
    for all of it.
    """

    def __init__(
        self,
        name: str,
        settings: ZotSettings,
        image: ImageSettings,
        cluster: ClusterSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("hero:registry:Zot", name, None, opts)
        self._name = name
        self._settings = settings
        self._image = image
        self._address = settings.address(NODE_PORT)
        self._url = f"{settings.scheme}://{self._address}"
        self.is_whole = True
        self._cluster = move_in(
            name,
            cluster,
            settings.own_namespace,
            keep=settings.keep_data and settings.s3 is None,
            parent=self,
            labels=settings.namespace_labels,
        )
        self._placed = pulumi.ResourceOptions(parent=self, provider=self._cluster.provider)
        self._certificate = certify(
            name, settings, [RELEASE, f"{RELEASE}.{settings.own_namespace}.svc"], self._cluster, self
        )
        users = [PUSHER, PULLER, *([METRICS] if settings.metrics else [])]
        self._passwords = {user: self._password(user) for user in users}
        pusher, puller = (self._login(user) for user in (PUSHER, PULLER))
        self._claim = self._claim_storage() if settings.s3 is None else None
        values = self._values()
        release = install(f"{name}-release", ZOT, RELEASE, values, self._cluster, self._placed)
        self._wait(pusher, values, [release, *self._tell_nodes(), *self._monitor()])
        self.promise(
            address=self._address,
            path=image.name,
            pusher=pusher,
            puller=puller,
            page=f"{self._url}/{self._path_of_page()}",
            ca_certificate=self._authority,
            plain_http=settings.insecure_http,
            # A bucket is not the stack's to empty.
            keeps_images=settings.keep_data or settings.s3 is not None,
            storage=self._claim.metadata.apply(uid_of) if self._claim else self._cluster.identity,
        )

    @property
    def _authority(self) -> pulumi.Output[str] | None:
        return self._certificate.authority if self._certificate else None

    def _password(self, user: str) -> random.RandomPassword:
        return random.RandomPassword(
            f"{self._name}-{user}-password",
            length=PASSWORD_LENGTH,
            special=False,
            keepers={"rotate": self._settings.rotate},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _path_of_page(self) -> str:
        return f"image/{quote(self._image.name, safe='')}" if self._settings.shows_page else "v2/_catalog"

    def _login(self, user: str) -> Login:
        return Login(pulumi.Output.from_input(user), self._passwords[user].result)

    def _values(self) -> dict[str, Any]:
        """The chart's, of which only what is not its own default is said."""
        settings, cluster = self._settings, self._cluster
        files = self._files()
        image = (ZOT_MINIMAL_IMAGE if settings.minimal else ZOT_IMAGE).moved(cluster.settings)
        certificate = self._certificate.fingerprint if self._certificate and self._serves_tls else None
        mounted = [{"secretName": self._secret(files), "mountPath": FOLDER}]
        if self._certificate and self._serves_tls:
            mounted.append({"secretName": self._certificate.secret, "mountPath": TLS_FOLDER})
        return {
            "image": {"repository": image.repository, "tag": image.tag},
            "replicaCount": settings.replicas,
            # One pod alone may write to a claim; those that share a bucket take turns.
            "strategy": {"type": "RollingUpdate" if settings.s3 else "Recreate"},
            "persistence": self._claim is not None,
            "pvc": {"create": False, "name": self._claim.metadata.apply(name_of) if self._claim else None},
            "externalSecrets": mounted,
            # zot reads its files and its certificate at its start, so others mean another pod.
            "podAnnotations": {
                "hero/files": pulumi.Output.unsecret(fingerprint(files)),
                **({"hero/certificate": certificate} if certificate else {}),
            },
            "httpGet": {"scheme": "HTTPS" if self._serves_tls else "HTTP"},
            "startupProbe": {"failureThreshold": STARTS_OF_TEN_SECONDS},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            **self._exposure(),
        }

    @property
    def _serves_tls(self) -> bool:
        """An ingress does it otherwise."""
        return self._certificate is not None and self._settings.expose != Expose.INGRESS

    def _exposure(self) -> dict[str, Any]:
        settings = self._settings
        port = settings.port_or(NODE_PORT)
        if settings.expose == Expose.NODE_PORT:
            service = {"type": "NodePort", "nodePort": port, "annotations": settings.annotations}
            return {"service": service}
        if settings.expose == Expose.LOAD_BALANCER:
            return {"service": {"type": "LoadBalancer", "port": port, "annotations": settings.annotations}}
        tls = [{"secretName": self._certificate.secret, "hosts": [settings.domain]}] if self._certificate else []
        return {
            "service": {"type": "ClusterIP"},
            "ingress": {
                "enabled": True,
                "className": settings.ingress_class or "",
                # Without it, nginx takes no layer of more than 1 MiB.
                "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "0", **settings.annotations},
                "pathtype": "Prefix",
                "hosts": [{"host": settings.domain, "paths": [{"path": "/"}]}],
                "tls": tls,
            },
        }

    def _files(self) -> dict[str, pulumi.Input[str]]:
        """All that zot reads, each file by its name."""
        settings = self._settings
        written = configuration(
            settings,
            repository=self._image.name,
            url=self._url,
            serves_tls=self._serves_tls,
            takes_docker_manifests=self._image.build != Build.KO,
        )
        logins = [pulumi.Output.concat(user, ":", made.bcrypt_hash, "\n") for user, made in self._passwords.items()]
        return {
            CONFIGURATION: json.dumps(written, indent=2),
            LOGINS: pulumi.Output.concat(*logins),
            MIRROR_LOGINS: json.dumps(mirror_logins(settings)),
        }

    def _secret(self, files: dict[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        made = kubernetes.core.v1.Secret(
            f"{self._name}-files",
            metadata={"name": f"{RELEASE}-files", "namespace": self._cluster.namespace},
            string_data=pulumi.Output.secret(files),
            opts=self._placed,
        )
        return made.metadata.apply(name_of)

    def _claim_storage(self) -> kubernetes.core.v1.PersistentVolumeClaim:
        settings = self._settings
        return claim(
            f"{self._name}-claim",
            f"{RELEASE}-images",
            settings.size,
            settings.storage_class,
            self._cluster,
            keep=settings.keep_data,
            opts=self._placed,
        )

    def _tell_nodes(self) -> list[pulumi.Resource]:
        settings = self._settings
        if not settings.tells_nodes:
            return []
        opts = pulumi.ResourceOptions(parent=self)
        return [Nodes(f"{self._name}-nodes", self._cluster, self._address, settings.scheme, self._authority, opts)]

    def _monitor(self) -> list[pulumi.Resource]:
        """A ServiceMonitor, since the chart's own cannot trust an authority."""
        settings = self._settings
        if not settings.service_monitor:
            return []
        secret = f"{RELEASE}-metrics"
        endpoint: dict[str, Any] = {
            # The chart's name for it.
            "port": "zot",
            "path": "/metrics",
            "scheme": "https" if self._serves_tls else "http",
            "basicAuth": {key: {"name": secret, "key": key} for key in ("username", "password")},
        }
        known: dict[str, pulumi.Input[str]] = {"username": METRICS, "password": self._passwords[METRICS].result}
        if self._authority:
            known["ca.crt"] = self._authority
        if self._serves_tls:
            authority = {"ca": {"secret": {"name": secret, "key": "ca.crt"}}} if self._authority else {}
            endpoint["tlsConfig"] = {"serverName": settings.domain, **authority}
        login = kubernetes.core.v1.Secret(
            f"{self._name}-metrics",
            metadata={"name": secret, "namespace": self._cluster.namespace},
            string_data=known,
            opts=self._placed,
        )
        # https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor
        monitor = kubernetes.apiextensions.CustomResource(
            f"{self._name}-monitor",
            api_version="monitoring.coreos.com/v1",
            kind="ServiceMonitor",
            metadata={"name": RELEASE, "namespace": self._cluster.namespace},
            spec={"selector": {"matchLabels": {"app.kubernetes.io/instance": RELEASE}}, "endpoints": [endpoint]},
            opts=self._placed,
        )
        return [login, monitor]

    def _wait(self, pusher: Login, values: dict[str, Any], after: list[pulumi.Resource]) -> None:
        cluster = self._cluster
        Readiness(
            f"{self._name}-readiness",
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            settled=fingerprint({"chart": ZOT.version, "in": cluster.identity, "values": values}),
            patience=cluster.settings.patience,
            url=f"{self._url}/readyz",
            release=RELEASE,
            repository=f"{self._address}/{self._image.name}",
            username=pusher.username,
            password=pusher.password,
            ca_certificate=self._authority or "",
            plain_http=self._settings.insecure_http,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
