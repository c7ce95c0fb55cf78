"""What the chart of Dragonfly is told."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes.charts import (
    DRAGONFLY_CLIENT_IMAGE,
    DRAGONFLY_DATABASE_IMAGE,
    DRAGONFLY_MANAGER_IMAGE,
    DRAGONFLY_REDIS_IMAGE,
    DRAGONFLY_SCHEDULER_IMAGE,
    SHELL_IMAGE,
    ContainerImage,
)
from components.kubernetes.cluster import ClusterSettings
from components.registries.dragonfly.configuration import (
    ANNOUNCE,
    AUTHORITY,
    AUTHORITY_FOLDER,
    DATABASE,
    DATABASE_USER,
    GIVEN_FOLDER,
    LOG_LEVEL,
    MANAGER,
    REFRESH,
    SCHEDULER,
)
from components.registries.dragonfly.secrets import REDIS_PASSWORD, Secrets
from components.registries.dragonfly.settings import DragonflySettings, Footprint

# The chart writes passwords into ConfigMaps that everybody with a look into the namespace can read. What stands there
# is this, and nobody reads it: each part is told of another file, in a Secret.
ELSEWHERE = "it-is-in-a-secret"
REPLICAS = {Footprint.LAPTOP: 1, Footprint.CLUSTER: 3}
STORAGE = {Footprint.LAPTOP: "10Gi", Footprint.CLUSTER: "100Gi"}
SIZE_OF_DATABASE, SIZE_OF_REDIS = "1Gi", "1Gi"
# The chart's own lists, which are replaced as a whole.
LOGS: dict[str, Any] = {"name": "logs", "emptyDir": {}}
CACHE: dict[str, Any] = {"name": "storage", "emptyDir": {}}
LOG_FOLDER = "/var/log/dragonfly"
# Of the disk that copies are on. A kubelet deletes images from 85 down to 80, and evicts pods at 90, never dfdaemon.
# https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
LOOK_AT_DISK = "60s"
FULL = {"distHighThresholdPercent": 84, "distLowThresholdPercent": 80}
AUTHORITY_MOUNT = {"name": "authority", "mountPath": AUTHORITY_FOLDER, "readOnly": True}


@dataclass(frozen=True)
class Parts:
    """What the values name besides what config says."""

    secrets: Secrets
    proxy: pulumi.Input[dict[str, Any]]
    """What a dfdaemon's proxy does."""
    has_authority: bool
    """Whether a private authority has signed the origin's certificate."""
    has_seeds: bool
    """Whether pods can reach the origin, and so fetch for others."""


def claimed(settings: DragonflySettings) -> str:
    """What is claimed of the cluster's storage, or where else the database is; with another text, all begins anew."""
    database = settings.database
    elsewhere = f"{database.host}:{database.port}/{database.name}" if database else ""
    return f"{_storage(settings)} {settings.storage_class or ''} {elsewhere}".strip()


def _storage(settings: DragonflySettings) -> str:
    return settings.storage or STORAGE[settings.size]


def values_of(settings: DragonflySettings, cluster: ClusterSettings, parts: Parts) -> dict[str, Any]:
    """The chart's values, of which only what is not its own default is said.

    https://github.com/dragonflyoss/helm-charts/blob/dragonfly-1.7.4/charts/dragonfly/values.yaml
    """
    replicas = {"replicas": REPLICAS[settings.size]}
    return {
        "global": {"storageClass": settings.storage_class} if settings.storage_class else {},
        "manager": {
            **_pods(DRAGONFLY_MANAGER_IMAGE, cluster, settings),
            **_given("manager", MANAGER, parts),
            **replicas,
            # Anybody who reaches it can make an account there.
            "service": {"type": "ClusterIP"},
            "ingress": {"enable": False},
            "config": {"auth": {"jwt": {"key": ELSEWHERE}}},
        },
        "scheduler": {
            **_pods(DRAGONFLY_SCHEDULER_IMAGE, cluster, settings),
            **_given("scheduler", SCHEDULER, parts),
            **replicas,
        },
        "seedClient": {
            **_pods(DRAGONFLY_CLIENT_IMAGE, cluster, settings),
            **_fetching([LOGS], [_logs("dfdaemon/")], parts),
            **replicas,
            "enable": parts.has_seeds,
            "persistence": {"enable": True, "size": _storage(settings)},
        },
        "client": {
            **_pods(DRAGONFLY_CLIENT_IMAGE, cluster, settings),
            **_fetching(
                [CACHE, LOGS], [{"name": "storage", "mountPath": "/var/lib/dragonfly/"}, _logs("dfdaemon/")], parts
            ),
            # On every node, whatever it is kept free for: whoever runs Hero there pulls there.
            "tolerations": [{"operator": "Exists"}],
            "priorityClassName": "system-node-critical",
            # Only what the chart would do to a container runtime needs them, and that is done by Nodes.
            "hostPID": False,
            "hostIPC": False,
            "dfinit": {"enable": False},
        },
        "injector": {"enable": False},
        **_database(settings, cluster, parts),
        **_redis(settings, cluster, parts),
    }


def _pods(image: ContainerImage, cluster: ClusterSettings, settings: DragonflySettings) -> dict[str, Any]:
    return {
        "image": _image(image, cluster),
        # Else the newest, whichever that is.
        "initContainer": {"image": _image(SHELL_IMAGE, cluster)},
        "metrics": {"serviceMonitor": {"enable": settings.service_monitor}},
    }


def _image(image: ContainerImage, cluster: ClusterSettings) -> dict[str, str]:
    moved = image.moved(cluster)
    registry, _, repository = moved.repository.partition("/")
    return {"registry": registry, "repository": repository, "tag": moved.tag}


def _logs(part: str) -> dict[str, Any]:
    return {"name": "logs", "mountPath": f"{LOG_FOLDER}/{part}"}


def _given(part: str, file: str, parts: Parts) -> dict[str, Any]:
    """A part that reads a file of the Secret in the place of its ConfigMap.

    By an environment variable, as `--config` of its command says:
    https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/cmd/dependency/dependency.go
    """
    variables = [{"name": f"{part.upper()}_CONFIG", "value": f"{GIVEN_FOLDER}/{file}"}]
    volumes: list[Any] = [LOGS, _volume("given", [file], parts)]
    mounts: list[Any] = [_logs(part), {"name": "given", "mountPath": GIVEN_FOLDER, "readOnly": True}]
    prints = {"hero/given": parts.secrets.fingerprints[file]}
    if part == "manager" and parts.has_authority:
        # It looks at an image before it lets it be fetched. Its own setting for an authority would be handed on to the
        # seeds in a form that they cannot read: `RootCAs.Subjects()` in internal/job/image.go has names only.
        variables.append({"name": "SSL_CERT_DIR", "value": f"/etc/ssl/certs:{AUTHORITY_FOLDER}"})
        volumes.append(_volume("authority", [AUTHORITY], parts))
        mounts.append(AUTHORITY_MOUNT)
        prints["hero/authority"] = parts.secrets.fingerprints[AUTHORITY]
    return {
        "extraEnvVars": variables,
        "extraVolumes": volumes,
        "extraVolumeMounts": mounts,
        # Another file means other pods: it is read at the start.
        "podAnnotations": prints,
    }


def _volume(name: str, files: list[str], parts: Parts) -> dict[str, Any]:
    items = [{"key": each, "path": each} for each in files]
    return {"name": name, "secret": {"secretName": parts.secrets.given, "items": items}}


def _fetching(volumes: list[Any], mounts: list[Any], parts: Parts) -> dict[str, Any]:
    """A dfdaemon, and the origin's authority where there is one."""
    told = {
        "log": {"level": LOG_LEVEL},
        "dynconfig": {"refreshInterval": REFRESH},
        "scheduler": {"announceInterval": ANNOUNCE},
        "gc": {"interval": LOOK_AT_DISK, "policy": FULL},
        "proxy": parts.proxy,
    }
    fetching: dict[str, Any] = {"config": told, "extraVolumes": volumes, "extraVolumeMounts": mounts}
    if parts.has_authority:
        fetching["extraVolumes"] = [*volumes, _volume("authority", [AUTHORITY], parts)]
        fetching["extraVolumeMounts"] = [*mounts, AUTHORITY_MOUNT]
        fetching["podAnnotations"] = {"hero/authority": parts.secrets.fingerprints[AUTHORITY]}
    return fetching


def _database(settings: DragonflySettings, cluster: ClusterSettings, parts: Parts) -> dict[str, Any]:
    given = settings.database
    if given:
        # Only for the ConfigMap that nobody reads.
        outside = {"host": given.host, "port": given.port, "username": given.username, "password": ELSEWHERE}
        return {"mysql": {"enable": False}, "externalMysql": {**outside, "database": given.name}}
    return {
        "mysql": {
            "enable": True,
            "image": _image(DRAGONFLY_DATABASE_IMAGE, cluster),
            "auth": {
                "existingSecret": parts.secrets.given,
                "rootPassword": ELSEWHERE,
                "username": DATABASE_USER,
                "password": ELSEWHERE,
                "database": DATABASE,
            },
            "primary": {"persistence": {"size": SIZE_OF_DATABASE}},
        }
    }


def _redis(settings: DragonflySettings, cluster: ClusterSettings, parts: Parts) -> dict[str, Any]:
    given = settings.redis
    if given:
        return {"redis": {"enable": False}, "externalRedis": {"addrs": given.addresses, "password": ELSEWHERE}}
    return {
        "redis": {
            "enable": True,
            "image": _image(DRAGONFLY_REDIS_IMAGE, cluster),
            # It holds queues, which are filled anew: what a second one would save is not worth three.
            "architecture": "standalone",
            "auth": {
                "enabled": True,
                "existingSecret": parts.secrets.given,
                "existingSecretPasswordKey": REDIS_PASSWORD,
                "password": ELSEWHERE,
            },
            "master": {"persistence": {"size": SIZE_OF_REDIS}},
        }
    }
