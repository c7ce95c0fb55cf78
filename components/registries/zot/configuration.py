"""zot's own configuration, written from what the stack says; `zot schema` prints what may stand in it."""

from typing import Any

from components.kubernetes.storage import Bucket
from components.registries.zot.extensions import Listener, Mirrored, RetentionPolicy
from components.registries.zot.settings import ZotSettings

PUSHER, PULLER, METRICS = "pusher", "puller", "metrics"
# Everything that zot reads is in one Secret, which is mounted here; the certificate's own is beside it.
FOLDER, TLS_FOLDER = "/etc/zot", "/tls"
CONFIGURATION, LOGINS, MIRROR_LOGINS = "config.json", "htpasswd", "mirrors.json"
# The chart's container listens here, and its claim is mounted there.
PORT = 5000
DATA = "/var/lib/registry"
DISTRIBUTION_SPEC = "1.1.1"
# For what fits no policy: left to itself, zot collects each manifest whose tag has moved on, and with it images that
# pods are told of by their digest. https://github.com/project-zot/zot/blob/v2.1.20/pkg/retention/retention.go
ALL_STAYS = {"repositories": ["**"], "deleteUntagged": False}


def configuration(
    settings: ZotSettings, *, repository: str, url: str, serves_tls: bool, takes_docker_manifests: bool
) -> dict[str, Any]:
    """`config.json`, for the repository that Hero lives in and the URL that clients write.

    Nobody may do anything without a login, and nobody may administer: the pusher may push to this one repository and
    those below it, the puller may pull from them, and from what is mirrored.
    """
    http: dict[str, Any] = {
        "address": "0.0.0.0",  # noqa: S104 - in a pod
        "port": str(PORT),
        "realm": "zot",
        "externalUrl": url,
        "auth": _authentication(settings),
        "accessControl": _access(settings, repository),
    }
    if serves_tls:
        http["tls"] = {"cert": f"{TLS_FOLDER}/tls.crt", "key": f"{TLS_FOLDER}/tls.key"}
    if takes_docker_manifests or settings.sync:
        # What the Docker engine makes is in its own format, which zot refuses otherwise: 415, manifest invalid. And
        # so is much of what is mirrored; `zot verify` lets no digest be preserved without this.
        http["compat"] = ["docker2s2"]
    written = {
        "distSpecVersion": DISTRIBUTION_SPEC,
        "storage": _storage(settings),
        "http": http,
        "log": {"level": "info"},
    }
    return written if settings.minimal else {**written, "extensions": _extensions(settings)}


def mirror_logins(settings: ZotSettings) -> dict[str, dict[str, str]]:
    """`mirrors.json`: the logins to the registries that this one is a mirror of, by their hosts."""
    return {
        mirrored.url.partition("://")[2].rstrip("/"): {"username": mirrored.username, "password": mirrored.password}
        for mirrored in settings.sync
        if mirrored.username and mirrored.password
    }


def _authentication(settings: ZotSettings) -> dict[str, Any]:
    written: dict[str, Any] = {"htpasswd": {"path": f"{FOLDER}/{LOGINS}"}, "failDelay": 1}
    if settings.cache and not settings.minimal:
        # Whoever is logged in at the page of one pod is at the others'.
        written["sessionDriver"] = {"name": "redis", "url": settings.cache, "keyprefix": "zotsession"}
    return written


def _access(settings: ZotSettings, repository: str) -> dict[str, Any]:
    # Without `update`, a tag that is there names the same image for good.
    pushing = ["read", "create", *([] if settings.immutable_tags else ["update"]), "detectManifestCollision"]
    pulling = {"users": [PULLER], "actions": ["read"]}
    ours = {"policies": [{"users": [PUSHER], "actions": pushing}, pulling], "defaultPolicy": []}
    written: dict[str, Any] = {
        "repositories": {
            # The longest path that fits is the one that counts.
            "**": {"policies": [pulling] if settings.sync else [], "defaultPolicy": []},
            repository: ours,
            f"{repository}/**": ours,
        }
    }
    if settings.metrics:
        written["metrics"] = {"users": [METRICS]}
    return written


def _storage(settings: ZotSettings) -> dict[str, Any]:
    written: dict[str, Any] = {
        "rootDirectory": DATA,
        "dedupe": settings.dedupe,
        "gc": True,
        "gcDelay": settings.gc_delay,
        "gcInterval": settings.gc_interval,
        "retention": {"policies": [*map(_policy, settings.retention), ALL_STAYS]},
    }
    if settings.s3:
        written["storageDriver"] = _bucket(settings.s3)
        written["remoteCache"] = settings.cache is not None
    if settings.cache:
        written["cacheDriver"] = {"name": "redis", "url": settings.cache, "keyprefix": "zot"}
    return written


def _bucket(bucket: Bucket) -> dict[str, Any]:
    # https://distribution.github.io/distribution/storage-drivers/s3/, whose driver zot uses.
    written: dict[str, Any] = {
        "name": "s3",
        "bucket": bucket.bucket,
        "region": bucket.region,
        "rootdirectory": bucket.folder,
        "secure": not (bucket.endpoint or "").startswith("http://"),
        "skipverify": False,
    }
    if bucket.endpoint:
        written |= {"regionendpoint": bucket.endpoint, "forcepathstyle": True}
    if bucket.access_key and bucket.secret_key:
        written |= {"accesskey": bucket.access_key, "secretkey": bucket.secret_key}
    return written


def _policy(policy: RetentionPolicy) -> dict[str, Any]:
    return {
        "repositories": policy.repositories,
        "deleteReferrers": policy.delete_referrers,
        "deleteUntagged": policy.delete_untagged,
        "keepTags": [tags.model_dump(by_alias=True, exclude_defaults=True) for tags in policy.keep_tags],
    }


def _extensions(settings: ZotSettings) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if settings.search:
        scan = {"cve": {"updateInterval": settings.cve}} if settings.cve else {}
        written["search"] = {"enable": True, **scan}
    if settings.ui:
        written["ui"] = {"enable": True}
    if settings.scrub:
        written["scrub"] = {"enable": True, "interval": settings.scrub}
    if settings.metrics:
        written["metrics"] = {"enable": True, "prometheus": {"path": "/metrics"}}
    if settings.mandatory_annotations:
        written["lint"] = {"enable": True, "mandatoryAnnotations": settings.mandatory_annotations}
    if settings.trust:
        written["trust"] = {"enable": True, "cosign": True, "notation": True}
    if settings.sync:
        written["sync"] = _mirrors(settings)
    if settings.events:
        written["events"] = {"enable": True, "sinks": [_sink(listener) for listener in settings.events]}
    return written


def _mirrors(settings: ZotSettings) -> dict[str, Any]:
    written: dict[str, Any] = {"enable": True, "registries": [_mirror(mirrored) for mirrored in settings.sync]}
    if mirror_logins(settings):
        written["credentialsFile"] = f"{FOLDER}/{MIRROR_LOGINS}"
    if settings.s3:
        # What comes has to be put together somewhere before it goes into the bucket.
        written["downloadDir"] = "/tmp"  # noqa: S108 - in a pod of its own
    return written


def _mirror(mirrored: Mirrored) -> dict[str, Any]:
    written: dict[str, Any] = {
        "urls": [mirrored.url],
        "onDemand": mirrored.on_demand,
        "tlsVerify": not mirrored.insecure_skip_verify,
        # Neither is of use without the other.
        "maxRetries": 3,
        "retryDelay": "30s",
        "preserveDigest": True,
    }
    if mirrored.every:
        written["pollInterval"] = mirrored.every
    if mirrored.content:
        written["content"] = [
            {
                "prefix": content.prefix,
                **({"destination": content.destination} if content.destination else {}),
                "stripPrefix": content.strip_prefix,
                **({"tags": {"regex": content.tags}} if content.tags else {}),
            }
            for content in mirrored.content
        ]
    return written


def _sink(listener: Listener) -> dict[str, Any]:
    written = {"type": listener.type.value, "address": listener.address, "timeout": listener.timeout}
    return {**written, "channel": listener.channel} if listener.channel else written
