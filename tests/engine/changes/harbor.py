"""Harbor."""

from dataclasses import replace
from typing import Any

from tests.engine.changes.change import Blocks, Change
from tests.engine.house import Secret

# What keys speak of that a cluster with nothing in it has not.
ELSEWHERE = {
    "cluster.charts": "a second folder of charts",
    "cluster.context": "a second cluster",
    "cluster.images": "a mirror of all images",
    "cluster.kubeconfig": "a second cluster",
    "harbor.azure": "a container of Azure's",
    "harbor.caCertificate": "cert-manager",
    "harbor.certificateIssuer": "cert-manager",
    "harbor.certificateSecret": "a certificate of theirs",
    "harbor.database": "a PostgreSQL",
    "harbor.databaseSize": "volumes that grow",
    "harbor.domain": "a second name that leads to the cluster",
    "harbor.expose": "a load balancer",
    "harbor.gcs": "a bucket",
    "harbor.ingressClass": "an ingress controller",
    "harbor.ldap": "an LDAP server",
    "harbor.oidc": "a provider of identities",
    "harbor.preheat": "a Dragonfly",
    "harbor.redirect": "a bucket",
    "harbor.redis": "a Redis",
    "harbor.registries": "another registry",
    "harbor.replicas": "a bucket",
    "harbor.replications": "another registry",
    "harbor.s3": "a bucket",
    "harbor.scan": "Trivy and the internet",
    "harbor.serviceMonitor": "the Prometheus operator",
    "harbor.size": "volumes that grow",
    "harbor.storageClass": "a second storage class",
}
HUB = {"name": "hub", "kind": "docker-hub", "url": "https://hub.docker.com"}


def harbor() -> Blocks:
    """A Harbor that goes with the stack, so that nothing of it is left; without what fetches from the internet."""
    return {
        "harbor": {"domain": "hero.127.0.0.1.nip.io", "keepData": False, "scan": {"scanner": False}},
    }


def harbor_changes(build: str) -> list[Change]:
    """What the keys of `hero:harbor` do."""
    return [replace(change, elsewhere=ELSEWHERE.get(change.key, "")) for change in _changes(build)]


def _changes(build: str) -> list[Change]:
    again = {"hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    pushed = {"home": "update"} | again
    well = {"harbor-answers": "update", "hero-health": "update"}
    # After whatever the release is told, the pusher is asked again too.
    rolled = {"harbor-release": "update"} | well | {"harbor-readiness": "update"}
    told = {f"harbor-nodes-{what}": "update" for what in ("told", "writer")}
    signed = {"harbor-request": "replace", "harbor-certificate": "replace", "harbor-tls": "update"}
    own = dict.fromkeys(("harbor-authority-key", "harbor-authority", "harbor-key", "harbor-request"), "delete")
    # Nothing reaches into nodes from the namespace any more.
    forgotten = {f"harbor-nodes-{what}": "delete" for what in ("told", "writer")} | {"harbor-namespace": "update"}
    inside = ("harbor-project-hero", "harbor-pusher", "harbor-puller", "harbor-readiness")
    spoken_to = dict.fromkeys(inside, "update")
    moved = rolled | told | spoken_to | pushed
    cases = [
        Change("image.name", "another/hero", {"harbor-readiness": "update"} | pushed),
        Change("harbor.domain", "harbor.example.com", signed | moved),
        Change("harbor.port", 30501, moved),
    ]
    if build == "docker":
        return cases
    placed = (
        "namespace",
        "images-claim",
        "database-claim",
        "queue-claim",
        "kept",
        "secrets",
        "release",
        "tls",
        "nodes-told",
        "nodes-writer",
    )
    made_again = dict.fromkeys(inside[:-1], "replace") | {"harbor-readiness": "update"}
    moved_away = dict.fromkeys((f"harbor-{what}" for what in placed), "replace") | well | made_again | again
    planted = {"pullSecrets.namespaces": ["default"]}
    another_cluster = moved_away | {"pull-secrets-default": "replace"}
    # Only Harbor knows what its robots are called in full, and it calls them the same.
    robots_again = ("home",)
    bucket: dict[str, Any] = {"harbor.s3": {"bucket": "hero", "region": "eu-central-1"}}
    lost = {"harbor-images-claim": "delete"} | rolled | again
    given = {"harbor.certificateIssuer": "letsencrypt"}
    robots = dict.fromkeys(("harbor-pusher", "harbor-puller"), "update")
    return [
        *cases,
        Change("cluster.kubeconfig", "./kubeconfig", another_cluster, planted, spared=robots_again),
        Change("cluster.context", "kind-hero", another_cluster, planted, spared=robots_again),
        Change("harbor.expose", "loadBalancer", moved),
        Change("harbor.ingressClass", "nginx", rolled, {"harbor.expose": "ingress"}),
        Change("harbor.annotations", {"a": "b"}, rolled),
        Change("harbor.namespace", "another", moved_away, spared=robots_again),
        Change("harbor.keepData", value=True, expected={"home": "update"}),
        Change(
            "harbor.certificateIssuer",
            "letsencrypt",
            own
            | forgotten
            | {"harbor-issued-certificate": "create", "harbor-certificate": "delete", "harbor-tls": "delete"}
            | rolled
            | spoken_to
            | pushed,
        ),
        Change(
            "harbor.certificateSecret",
            "certificates/hero",
            own | forgotten | {"harbor-certificate": "delete", "harbor-tls": "update"} | rolled | spoken_to | pushed,
        ),
        Change(
            "harbor.caCertificate",
            "ca.pem",
            {f"harbor-nodes-{what}": "create" for what in ("told", "writer")}
            | {"harbor-namespace": "update"}
            | well
            | spoken_to
            | pushed,
            given,
        ),
        Change(
            "harbor.insecureHttp",
            value=True,
            expected=own
            | {"harbor-certificate": "delete", "harbor-tls": "delete"}
            | rolled
            | told
            | spoken_to
            | pushed,
        ),
        Change("harbor.nodes", value=False, expected=forgotten),
        Change("harbor.size", "9Gi", {"harbor-images-claim": "update"}),
        Change("harbor.databaseSize", "2Gi", {"harbor-database-claim": "update"}),
        Change(
            "harbor.storageClass",
            "fast",
            dict.fromkeys((f"harbor-{what}-claim" for what in ("images", "database", "queue")), "replace")
            | rolled
            | made_again
            | again,
            spared=robots_again,
        ),
        Change("harbor.s3", bucket["harbor.s3"], lost),
        Change(
            "harbor.azure",
            {"account": "hero", "container": "hero", "key": Secret("an-account-key")},
            {"harbor-storage": "create"} | lost,
        ),
        Change("harbor.gcs", {"bucket": "hero"}, lost),
        Change("harbor.redirect", value=True, expected=rolled, beside=bucket),
        Change(
            "harbor.database",
            {"host": "postgresql.example.com", "username": "harbor", "password": Secret("their-password")},
            {"harbor-secrets": "update", "harbor-database-claim": "delete"} | rolled | made_again | again,
            {"harbor.keepData": True},
            spared=robots_again,
        ),
        Change("harbor.redis", {"address": "redis.example.com:6379"}, {"harbor-queue-claim": "delete"} | rolled),
        Change("harbor.replicas", 3, rolled, bucket),
        Change("harbor.ipv6", value=False, expected=rolled),
        Change("harbor.authorities", "ca.pem", {"harbor-secrets": "update"} | rolled),
        Change("harbor.metrics", value=True, expected=rolled),
        Change("harbor.serviceMonitor", value=True, expected=rolled, beside={"harbor.metrics": True}),
        Change(
            "harbor.scan",
            {"scanner": True, "every": "Daily", "block": "high"},
            {"hero-scan": "create", "harbor-scans": "create", "harbor-lists-claim": "create"} | rolled,
        ),
        Change("harbor.project", {"name": "hero", "quota": "10Gi"}, {"harbor-project-hero": "update"}),
        Change("harbor.projects", [{"name": "team"}], {"harbor-project-team": "create"}),
        Change("harbor.registries", [HUB], {"harbor-registry-hub": "create"}),
        Change(
            "harbor.replications",
            [{"name": "out", "registry": "hub"}],
            {"harbor-replication-out": "create"},
            {"harbor.registries": [HUB]},
        ),
        Change(
            "harbor.robots",
            [{"name": "mirror"}],
            {"harbor-system-robot-mirror": "create", "harbor-system-robot-mirror-password": "create"},
        ),
        Change(
            "harbor.users",
            [
                {
                    "name": "vfarcic",
                    "fullName": "Viktor Farcic",
                    "email": "viktor@example.com",
                    "password": Secret("Their-password-1"),
                }
            ],
            {"harbor-user-vfarcic": "create"},
        ),
        Change("harbor.groups", [{"name": "platform"}], {"harbor-group-platform": "create"}),
        Change("harbor.labels", [{"name": "stable"}], {"harbor-label-stable": "create"}),
        Change(
            "harbor.oidc",
            {
                "name": "Keycloak",
                "endpoint": "https://login.example.com/realms/hero",
                "clientId": "harbor",
                "clientSecret": Secret("their-client-secret"),
            },
            {"harbor-authentication": "create"},
        ),
        Change(
            "harbor.ldap",
            {"url": "ldaps://example.com", "base": "ou=people,dc=example,dc=com"},
            {"harbor-authentication": "create"},
        ),
        Change("harbor.system", {"banner": "Down on Friday"}, {"harbor-system": "create"}),
        Change("harbor.garbageCollection", {"every": "Daily"}, {"harbor-garbage-collection": "create"}),
        Change("harbor.allowedCves", {"identifiers": ["CVE-2024-1234"]}, {"harbor-allowed-cves": "create"}),
        Change(
            "harbor.preheat",
            [{"name": "dragonfly", "endpoint": "https://dragonfly.example.com", "token": Secret("their-token")}],
            {"harbor-preheat-dragonfly": "create"},
        ),
        Change(
            "harbor.rotate",
            "another",
            dict.fromkeys(("harbor-pusher-password", "harbor-puller-password"), "replace")
            | robots
            | {"harbor-readiness": "update", "home": "update", "hero-image": "update"},
        ),
        Change("cluster.charts", "./charts", {"harbor-release": "update"}),
        Change("cluster.images", "registry.example.com", {"harbor-nodes-writer": "update"} | rolled),
        Change("cluster.patience", 900, well | {"harbor-readiness": "update"}),
        Change("cluster.certsDirectory", "/etc/certs.d", {"harbor-nodes-writer": "update"}),
    ]
