"""Dragonfly, before a zot; what the keys of that do besides is in its own table."""

from dataclasses import replace

from tests.checkout import free_port
from tests.engine.changes.change import Blocks, Change
from tests.engine.changes.shared import image_changes
from tests.engine.house import Secret

ORIGIN = "zot"
DATABASE = {"host": "mysql.example.com", "username": "dragonfly", "password": Secret("their-databases-password")}
REDIS = {"addresses": ["redis.example.com:6379"], "password": Secret("their-redis-password"), "insecurePlaintext": True}
ORIGINS_OWN = (
    *("namespace", "claim", "files", "release", "readiness", "nodes-told", "nodes-writer"),
    *("authority-key", "authority", "key", "request", "certificate", "tls", "pusher-password", "puller-password"),
)
OTHER_IMAGES = ("image.context", "image.dockerfile", "image.platforms", "image.source")
ELSEWHERE = {
    "cluster.charts": "a second folder of charts",
    "cluster.context": "a second cluster",
    "cluster.images": "a mirror of all images",
    "cluster.kubeconfig": "a second cluster",
    "dragonfly.database": "a MySQL",
    "dragonfly.origin": "a second origin",
    "dragonfly.redis": "a Redis",
    "dragonfly.serviceMonitor": "the Prometheus operator",
    "dragonfly.size": "three nodes",
    "dragonfly.storageClass": "a second storage class",
}


def dragonfly() -> Blocks:
    """Before a zot that goes with the stack, under an address that pods can reach."""
    return {"dragonfly": {"origin": ORIGIN}, ORIGIN: {"domain": "hero.10.0.0.1.nip.io", "keepData": False}}


def dragonfly_changes(build: str) -> list[Change]:
    """What the keys of `hero:dragonfly` do, and that what may be another image is fetched early again."""
    own = [replace(change, elsewhere=ELSEWHERE.get(change.key, "")) for change in _changes(build)]
    images = [_fetched_early(change) for change in image_changes(build)]
    keys = {change.key for change in own}
    return [*(change for change in images if change.key not in keys), *own]


def _fetched_early(change: Change) -> Change:
    if change.key == "image.tags" and "hero-build" not in change.expected:
        return change
    early = {f"{name}-preheat": operation for name, operation in change.expected.items() if name == "hero-nydus"}
    if change.key in OTHER_IMAGES:
        early["hero-preheat"] = "update"
    if early:
        return replace(change, expected=change.expected | early)
    # What is built once more may be the same.
    return replace(change, spared=("hero-preheat",)) if "hero-build" in change.expected else change


def _changes(build: str) -> list[Change]:
    ready = {"dragonfly-readiness": "update"}
    rolled = {"dragonfly-release": "update"} | ready
    again = {"hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    pushed = {"home": "update"} | again
    renamed = {"zot-files": "update", "zot-release": "update", "zot-readiness": "update", "hero-preheat": "update"}
    cases = [Change("image.name", "another/hero", renamed | pushed)]
    compatible = {"zot-files": "update", "zot-release": "update", "zot-readiness": "update"}
    if build == "docker":
        back = {"hero-build": "delete", "hero-image": "update", "hero-preheat": "update"} | compatible
        return [*cases, Change("image.build", "ko", back)]
    given = {"dragonfly-given": "update"} | rolled
    placed = ("namespace", "given", "release", "nodes-told", "nodes-writer", "account")
    moved = dict.fromkeys((f"dragonfly-{each}" for each in placed), "replace") | ready | {"hero-preheat": "update"}
    anew = moved
    secrets = ("account-password", "signing-key")
    theirs = [f"zot-{each}" for each in ORIGINS_OWN]
    # Nodes are told of another address, in another place.
    retold = {"dragonfly-nodes-told": "update", "dragonfly-nodes-writer": "update"}
    placed_too = ("namespace", "claim", "files", "release", "tls", "nodes-told", "nodes-writer")
    all_moved = dict.fromkeys((f"zot-{each}" for each in placed_too), "replace") | {"zot-readiness": "update"} | moved
    another_cluster = all_moved | again | {"pull-secrets-default": "replace"}
    planted = {"pullSecrets.namespaces": ["default"]}
    early = {"hero-preheat": "delete"}
    built = {"hero-build": "create", "hero-image": "update", "hero-preheat": "update"} | compatible
    return [
        *cases,
        Change("image.build", "docker", built),
        Change(
            "dragonfly.origin",
            "embedded",
            dict.fromkeys(theirs, "delete") | {"embedded-process": "create"} | given | retold | early | pushed,
            {"embedded.port": free_port()},
        ),
        Change("cluster.kubeconfig", "./kubeconfig", another_cluster, planted),
        Change("cluster.context", "kind-hero", another_cluster, planted),
        Change("dragonfly.size", "cluster", rolled, {"dragonfly.storage": "10Gi"}),
        # Other claims are another beginning, of what is all copies.
        Change("dragonfly.storage", "20Gi", anew),
        Change("dragonfly.storageClass", "fast", anew),
        Change("dragonfly.preheat", "nodes", {"hero-preheat": "update"}),
        Change("dragonfly.preheat", "off", early),
        Change(
            "dragonfly.database",
            DATABASE,
            # What the claims hold is of another database then.
            dict.fromkeys(("dragonfly-database-password", "dragonfly-database-root-password"), "delete") | anew,
        ),
        Change("dragonfly.redis", REDIS, {"dragonfly-redis-password": "delete"} | given),
        Change("dragonfly.serviceMonitor", value=True, expected=rolled),
        Change("dragonfly.namespace", "another", moved),
        Change(
            "dragonfly.rotate",
            "another",
            dict.fromkeys((f"dragonfly-{each}" for each in secrets), "replace")
            | {"dragonfly-account": "update", "hero-preheat": "update"}
            | given,
        ),
    ]
