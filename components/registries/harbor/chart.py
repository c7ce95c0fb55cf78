"""What Harbor's chart is told; of what it would say itself, nothing."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes.certificates import Certificate
from components.kubernetes.charts import HARBOR_IMAGES, SHELL_IMAGE
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.exposure import Expose
from components.registries.harbor.outside import Database, Redis
from components.registries.harbor.secrets import REGISTRY_USER, Secrets
from components.registries.harbor.settings import HarborSettings

RELEASE = "harbor"
NODE_PORT = 30003
# How often Kubernetes looks whether a part is ready. The chart has it look each ten seconds, the first time too early,
# and the parts wait for each other. As there, a part may leave it without an answer for half a minute, and core for an
# hour when it starts.
LOOKS = {"initialDelaySeconds": 0, "periodSeconds": 3, "failureThreshold": 10}
LOOKS_AT_A_START = {"initialDelaySeconds": 0, "periodSeconds": 1, "failureThreshold": 3600}
REPLICATED = ("nginx", "portal", "core", "jobservice", "registry")


@dataclass(frozen=True)
class Parts:
    """What is in the namespace before the chart comes, each by its name there."""

    secrets: Secrets
    certificate: Certificate | None
    claims: dict[str, pulumi.Output[str]]
    """Those of the stack's own, by the part of the chart that each is for."""


def values_of(settings: HarborSettings, cluster: ClusterSettings, url: str, parts: Parts) -> dict[str, Any]:
    """The chart's values, for the URL that clients write.

    Every part that can have several pods has as many as the stack says, but Trivy: the chart would claim anew for each
    of several, and a StatefulSet that is there refuses to claim in another way. Jobs write down what they do in the
    database, since the chart would want a claim for it that several pods share.
    """
    values: dict[str, Any] = {
        "expose": _exposure(settings, parts.certificate),
        "externalURL": url,
        "ipFamily": {"ipv6": {"enabled": settings.ipv6}},
        "persistence": _persistence(settings, parts),
        # Two pods would wait for one claim.
        "updateStrategy": {"type": "Recreate" if settings.on_claim else "RollingUpdate"},
        "existingSecretAdminPassword": parts.secrets.kept,
        "existingSecretSecretKey": parts.secrets.kept,
        "database": _database(settings.database, parts.secrets),
        "redis": _redis(settings.redis),
        "metrics": {"enabled": settings.metrics, "serviceMonitor": {"enabled": settings.service_monitor}},
        **_parts(settings, parts, cluster),
    }
    if settings.authorities:
        values["caBundleSecretName"] = parts.secrets.made
    for part in REPLICATED:
        values.setdefault(part, {})["replicas"] = settings.replicas
    for path, image in HARBOR_IMAGES.items():
        moved = image.moved(cluster)
        _at(values, path).update(image={"repository": moved.repository, "tag": moved.tag}, readinessProbe=LOOKS)
    return values


def _parts(settings: HarborSettings, parts: Parts, cluster: ClusterSettings) -> dict[str, Any]:
    """The parts that read Secrets at their start, rolled when those are others: the chart would not see that."""
    secrets = parts.secrets
    rolled = {"hero/secrets": secrets.fingerprint}
    certificate = parts.certificate.fingerprint if parts.certificate else None
    return {
        "nginx": {"podAnnotations": {"hero/certificate": certificate} if certificate else {}},
        "core": {
            "existingSecret": secrets.made,
            "secretName": secrets.made,
            "existingXsrfSecret": secrets.made,
            "podAnnotations": rolled,
            "startupProbe": LOOKS_AT_A_START,
        },
        "jobservice": {
            "existingSecret": secrets.made,
            "jobLoggers": ["database"],
            "podAnnotations": rolled,
            "initContainers": [_wait_for_core(cluster)],
        },
        "registry": {
            "existingSecret": secrets.made,
            "credentials": {"username": REGISTRY_USER, "existingSecret": secrets.made},
            "podAnnotations": rolled,
        },
        "trivy": {**_scanner(settings), "podAnnotations": rolled},
        "exporter": {"podAnnotations": rolled},
    }


def _wait_for_core(cluster: ClusterSettings) -> dict[str, Any]:
    """What the job service begins with.

    Where core does not answer it ends at once, and Kubernetes waits longer each time before it starts it again.
    https://github.com/goharbor/harbor/blob/v2.15.1/src/jobservice/main.go
    """
    core = f"http://{RELEASE}-core/api/v2.0/ping"
    return {
        "name": "wait-for-core",
        "image": str(SHELL_IMAGE.moved(cluster)),
        # A shell that is all there is in a container has to be told to heed its end.
        "command": ["sh", "-c", f"trap exit TERM; until timeout 5 wget -q -O /dev/null {core}; do sleep 1; done"],
        # As the chart says of its own containers.
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _exposure(settings: HarborSettings, certificate: Certificate | None) -> dict[str, Any]:
    kind, served, port = settings.expose, "http" if settings.insecure_http else "https", settings.port_or(NODE_PORT)
    exposure: dict[str, Any] = {"type": str(kind), "tls": {"enabled": False}}
    if certificate:
        exposure["tls"] = {"enabled": True, "certSource": "secret", "secret": {"secretName": certificate.secret}}
    if kind == Expose.INGRESS:
        # The chart's own annotations would send those who ask by http away.
        redirect = str(not settings.insecure_http).lower()
        exposure["ingress"] = {
            "hosts": {"core": settings.domain},
            "className": settings.ingress_class or "",
            "annotations": {
                "ingress.kubernetes.io/ssl-redirect": redirect,
                "nginx.ingress.kubernetes.io/ssl-redirect": redirect,
                **settings.annotations,
            },
        }
    elif kind == Expose.NODE_PORT:
        # With 0 Kubernetes chooses one, so that two Harbors do not want the same for what only redirects.
        ports = {each: {"nodePort": port if each == served else 0} for each in ("http", "https")}
        exposure["nodePort"] = {"ports": ports, "annotations": settings.annotations}
    else:
        exposure["loadBalancer"] = {"ports": {f"{served}Port": port}, "annotations": settings.annotations}
    return exposure


def _persistence(settings: HarborSettings, parts: Parts) -> dict[str, Any]:
    # One that the chart makes can never be of another class.
    claims = {part: {"existingClaim": name} for part, name in parts.claims.items()}
    return {
        "enabled": True,
        "resourcePolicy": "",
        "persistentVolumeClaim": claims,
        "imageChartStorage": _store(settings, parts.secrets.storage),
    }


def _store(settings: HarborSettings, secret: pulumi.Output[str] | None) -> dict[str, Any]:
    common = {"disableredirect": not settings.redirect}
    if settings.s3:
        bucket = settings.s3
        described: dict[str, Any] = {
            "bucket": bucket.bucket,
            "region": bucket.region,
            "rootdirectory": bucket.folder,
            "secure": not (bucket.endpoint or "").startswith("http://"),
            "v4auth": True,
        }
        if bucket.endpoint:
            described["regionendpoint"] = bucket.endpoint
        if bucket.access_key:
            described["existingSecret"] = secret
        return {"type": "s3", "s3": described, **common}
    if settings.azure:
        account = settings.azure
        described = {"accountname": account.account, "container": account.container, "existingSecret": secret}
        return {"type": "azure", "azure": described, **common}
    if settings.gcs:
        described = {"bucket": settings.gcs.bucket, "rootdirectory": settings.gcs.folder}
        login = {"existingSecret": secret} if settings.gcs.key else {"useWorkloadIdentity": True}
        return {"type": "gcs", "gcs": described | login, **common}
    return {"type": "filesystem"}


def _database(database: Database | None, secrets: Secrets) -> dict[str, Any]:
    if database is None:
        return {"type": "internal", "internal": {"password": secrets.database_password}}
    return {
        "type": "external",
        "external": {
            "host": database.host,
            "port": str(database.port),
            "username": database.username,
            "existingSecret": secrets.made,
            "coreDatabase": database.name,
            "sslmode": str(database.verification),
        },
    }


def _redis(redis: Redis | None) -> dict[str, Any]:
    if redis is None:
        return {"type": "internal"}
    return {
        "type": "external",
        "external": {
            "addr": redis.address,
            "username": redis.username or "",
            # Not by a Secret: the chart would look for it in the cluster, and find nothing at a first preview.
            "password": pulumi.Output.secret(redis.password or ""),
            "sentinelMasterSet": redis.sentinel_master or "",
            "tlsOptions": {"enable": not redis.insecure_plaintext},
        },
    }


def _scanner(settings: HarborSettings) -> dict[str, Any]:
    mirror = settings.scan.mirror
    lists = {"dbRepository": [f"{mirror}/trivy-db"], "javaDBRepository": [f"{mirror}/trivy-java-db"]}
    # What it would look up of Java besides is on the internet too.
    return {"enabled": settings.scan.scanner, **({**lists, "offlineScan": True} if mirror else {})}


def _at(values: dict[str, Any], path: str) -> dict[str, Any]:
    for step in path.split("."):
        values = values.setdefault(step, {})
    return values
