"""zot."""

from dataclasses import replace

from tests.engine.changes.change import Blocks, Change
from tests.engine.house import Secret

# What keys speak of that a cluster with nothing in it has not.
ELSEWHERE = {
    "cluster.charts": "a second folder of charts",
    "cluster.context": "a second cluster",
    "cluster.images": "a mirror of all images",
    "cluster.kubeconfig": "a second cluster",
    "zot.caCertificate": "cert-manager",
    "zot.cache": "a bucket",
    "zot.certificateIssuer": "cert-manager",
    "zot.certificateSecret": "a certificate of theirs",
    "zot.cve": "the internet",
    "zot.domain": "a second name that leads to the cluster",
    "zot.expose": "a load balancer",
    "zot.ingressClass": "an ingress controller",
    "zot.replicas": "a bucket",
    "zot.s3": "a bucket",
    "zot.serviceMonitor": "the Prometheus operator",
    "zot.size": "volumes that grow",
    "zot.storageClass": "a second storage class",
}


def zot() -> Blocks:
    """A zot that goes with the stack, so that nothing of it is left."""
    return {"zot": {"domain": "hero.127.0.0.1.nip.io", "keepData": False}}


def zot_changes(build: str) -> list[Change]:
    """What the keys of `hero:zot` do."""
    return [replace(change, elsewhere=ELSEWHERE.get(change.key, "")) for change in _changes(build)]


def _changes(build: str) -> list[Change]:
    again = {"hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    pushed = {"home": "update"} | again
    ready = {"zot-readiness": "update"}
    rolled = {"zot-release": "update"} | ready
    written = {"zot-files": "update"} | rolled
    told = {f"zot-nodes-{what}": "update" for what in ("told", "writer")}
    signed = {"zot-request": "replace", "zot-certificate": "replace", "zot-tls": "update"}
    own = dict.fromkeys(("zot-authority-key", "zot-authority", "zot-key", "zot-request"), "delete")
    # Nothing reaches into nodes from the namespace any more.
    forgotten = {f"zot-nodes-{what}": "delete" for what in ("told", "writer")} | {"zot-namespace": "update"}
    moved = written | told | pushed
    placed = ("namespace", "claim", "files", "release", "tls", "nodes-told", "nodes-writer")
    moved_away = dict.fromkeys((f"zot-{what}" for what in placed), "replace") | ready | again
    cases = [
        Change("image.name", "another/hero", written | pushed),
        Change("zot.domain", "zot.example.com", signed | moved),
        Change("zot.port", 30501, moved),
    ]
    if build == "docker":
        # Back to what zot itself understands.
        without_docker = Change("image.build", "ko", {"hero-build": "delete", "hero-image": "update"} | written)
        return [*cases, without_docker]
    s3 = {"zot.s3": {"bucket": "hero", "region": "eu-central-1"}}
    ingress = {"zot.expose": "ingress"}
    given = {"zot.certificateIssuer": "letsencrypt"}
    metrics = {"zot.metrics": True}
    lost = {"zot-claim": "delete"} | written | pushed
    planted = {"pullSecrets.namespaces": ["default"]}
    another_cluster = moved_away | {"pull-secrets-default": "replace"}
    return [
        *cases,
        Change("image.build", "docker", {"hero-build": "create", "hero-image": "update"} | written),
        Change("cluster.kubeconfig", "./kubeconfig", another_cluster, planted),
        Change("cluster.context", "kind-hero", another_cluster, planted),
        Change("zot.expose", "loadBalancer", moved),
        Change("zot.ingressClass", "nginx", rolled, ingress),
        Change("zot.annotations", {"a": "b"}, rolled),
        Change("zot.namespace", "another", signed | moved_away),
        Change("zot.keepData", value=True, expected={"home": "update"}),
        Change(
            "zot.certificateIssuer",
            "letsencrypt",
            own
            | forgotten
            | {"zot-issued-certificate": "create", "zot-certificate": "delete", "zot-tls": "delete"}
            | rolled
            | pushed,
        ),
        Change(
            "zot.certificateSecret",
            "certificates/hero",
            own | forgotten | {"zot-certificate": "delete", "zot-tls": "update"} | rolled | pushed,
        ),
        Change(
            "zot.caCertificate",
            "ca.pem",
            {f"zot-nodes-{what}": "create" for what in ("told", "writer")}
            | {"zot-namespace": "update"}
            | ready
            | pushed,
            given,
        ),
        Change(
            "zot.insecureHttp",
            value=True,
            expected=own | {"zot-certificate": "delete", "zot-tls": "delete"} | written | told | pushed,
        ),
        Change("zot.nodes", value=False, expected=forgotten),
        Change("zot.size", "9Gi", {"zot-claim": "update"}),
        Change("zot.storageClass", "fast", {"zot-claim": "replace"} | rolled | again),
        Change("zot.s3", s3["zot.s3"], lost),
        Change("zot.cache", Secret("redis://redis.example.com:6379"), written, s3),
        Change("zot.replicas", 3, rolled, s3 | {"zot.cache": Secret("redis://redis.example.com:6379")}),
        Change("zot.minimal", value=True, expected=written),
        Change("zot.dedupe", value=False, expected=written),
        Change("zot.gcDelay", "2h", written),
        Change("zot.gcInterval", "2h", written),
        Change("zot.retention", [{"repositories": ["**"]}], written),
        Change("zot.immutableTags", value=True, expected=written),
        Change("zot.ui", value=False, expected=written),
        Change("zot.search", value=False, expected=written, beside={"zot.ui": False}),
        Change("zot.cve", "24h", written),
        Change("zot.scrub", "24h", written),
        Change("zot.metrics", value=True, expected={"zot-metrics-password": "create"} | written),
        Change(
            "zot.serviceMonitor",
            value=True,
            expected={"zot-monitor": "create", "zot-metrics": "create"},
            beside=metrics,
        ),
        Change("zot.mandatoryAnnotations", ["a"], written),
        Change("zot.trust", value=True, expected=written),
        Change("zot.sync", [{"url": "https://registry.example.com"}], written),
        Change("zot.events", [{"address": "https://example.com/zot"}], written),
        Change(
            "zot.rotate",
            "another",
            dict.fromkeys(("zot-pusher-password", "zot-puller-password"), "replace")
            | written
            | {"home": "update", "hero-image": "update"},
        ),
        Change("cluster.charts", "./charts", {"zot-release": "update"}),
        Change("cluster.images", "registry.example.com", {"zot-nodes-writer": "update"} | rolled),
        Change("cluster.patience", 900, ready),
        Change("cluster.certsDirectory", "/etc/certs.d", {"zot-nodes-writer": "update"}),
    ]
