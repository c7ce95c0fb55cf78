"""Every choice as the scenarios see it: a config to begin with, and what each key of config means for each resource.

A choice that joins the catalogue joins here; a test asks for every one of its keys.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.checkout import free_port
from tests.engine.house import House, Secret
from tests.engine.world import Login, Registry, Thing

EXISTING = {"image.build": "existing", "image.source": "cncf-demo:v0.0.1"}
WEBHOOK = "https://example.com/hero"
ELSEWHERE = "registry.example.com"
Blocks = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Change:
    """Another value of one key, and what it does: the operation for each resource that does not stay the same."""

    key: str
    value: object
    expected: dict[str, str]
    beside: dict[str, Any] = field(default_factory=dict[str, Any])
    """Other keys without which this one would be a mistake or say nothing; they are there before it changes."""

    @property
    def needs(self) -> set[str]:
        """What must be there for it where nothing is played."""
        found = {"kubernetes"} if self.key.startswith(("pullSecrets.", "cluster.")) else set[str]()
        found |= {"docker"} if "docker" in (self.value, self.beside.get("image.build")) else set()
        found |= {"an image of the Docker engine"} if self.key == "image.source" else set()
        return found | ({"somebody to call"} if self.key.startswith("image.webhook") else set())

    def before(self, config: dict[str, Any]) -> dict[str, Any]:
        """The config with what this change needs."""
        return _with(config, self.beside)

    def apply(self, config: dict[str, Any]) -> dict[str, Any]:
        """The same with this value in it."""
        return _with(self.before(config), {self.key: self.value})


def _with(config: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    changed = {**config}
    for key, value in values.items():
        block, _, name = key.partition(".")
        changed[block] = {**changed.get(block, {}), name: value}
    return changed


@dataclass(frozen=True)
class Case:
    """A choice with one way to build the image."""

    choice: str
    build: str
    begin: Callable[[], Blocks]
    changes: list[Change]

    @property
    def needs(self) -> set[str]:
        """What must be there for it where nothing is played."""
        docker = {"docker"} if self.build == "docker" else set[str]()
        return docker | ({"an account of Docker Hub"} if self.choice == "dockerhub" else set())

    def __str__(self) -> str:
        """As pytest shows it."""
        return f"{self.choice}-{self.build}"

    def furnished(self) -> dict[str, Any]:
        """The same, with somebody to call and a namespace to plant the puller's login in."""
        return _with(self.config(), {"image.webhooks": [WEBHOOK], "pullSecrets.namespaces": ["default"]})

    def config(self) -> dict[str, Any]:
        """The whole config of a stack that has made this choice."""
        blocks = self.begin()
        image = {"build": self.build, **blocks.pop("image", {})}
        return {"registry": self.choice, "image": image, **blocks}


def furnish(house: House) -> None:
    """What the changed keys point at: files, and another registry with logins of its own."""
    (house.path / "kubeconfig").write_text("{}")
    (house.path / "other.md").write_text("# Another Hero\n")
    (house.path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (house.path / "charts" / "zot").mkdir(parents=True)
    logins = [Login("vfarcic", "the-administrators-token", may_push=True)]
    house.world.registries[ELSEWHERE] = Registry(logins)
    theirs = [Login(who, "their-pushers-token", may_push=True) for who in ("vfarcic", "ci")]
    house.world.registries["docker.io"] = Registry(theirs)
    certificate = {
        "metadata": {"namespace": "certificates", "name": "hero"},
        "data": {"tls.crt": "Yw==", "tls.key": "aw=="},
    }
    house.world.things["kubernetes:core/v1:Secret certificates/hero"] = Thing(
        "kubernetes:core/v1:Secret", "theirs", certificate
    )
    house.world.settle()
    # What any Docker engine can build without pulling anything.
    (house.path / "hero" / "Dockerfile").write_text("FROM scratch\nCOPY VERSION /\n")
    shutil.copytree(house.path / "hero", house.path / "other")
    (house.path / "other" / "VERSION").write_text("another")
    (house.path / "hero" / "Other.Dockerfile").write_text("FROM scratch\nCOPY main.go /\n")


def shared_changes(build: str) -> list[Change]:
    """What the keys do that are no choice's own, wherever the image lives."""
    webhook = f"hero-webhook-{hashlib.sha256(WEBHOOK.encode()).hexdigest()[:8]}"
    planted = {"pullSecrets.namespaces": ["default"]}
    again = {"pull-secrets-default": "replace"}
    if build == "docker":
        # The rest is the same however the image is built.
        return image_changes(build)
    return [
        *image_changes(build),
        Change("image.webhooks", [WEBHOOK], {webhook: "create"}),
        Change("image.webhookSecret", Secret("their-secret"), {webhook: "update"}, {"image.webhooks": [WEBHOOK]}),
        Change("pullSecrets.namespaces", ["default"], {"pull-secrets-default": "create"}),
        Change("pullSecrets.name", "login", again, planted),
        Change("cluster.kubeconfig", "./kubeconfig", again, planted),
        Change("cluster.context", "kind-hero", again, planted),
    ]


def image_changes(build: str) -> list[Change]:
    """What the keys of `hero:image` do to the image."""
    pushed = {"hero-image": "update"}
    if build == "ko":
        return [
            Change("image.tags", ["v0.0.1", "latest"], pushed),
            Change("image.context", "./other", pushed),
            Change("image.platforms", ["linux/arm64"], pushed),
            Change("image.source", "cncf-demo:v0.0.2", pushed, EXISTING),
            Change("image.build", "docker", {"hero-build": "create", "hero-image": "update"}),
        ]
    built = {"hero-build": "update", "hero-image": "update"}
    return [
        Change("image.tags", ["v0.0.1", "latest"], built),
        Change("image.tags", ["latest", "v0.0.1"], pushed),
        Change("image.context", "./other", built),
        Change("image.dockerfile", "Other.Dockerfile", built),
        Change("image.platforms", ["linux/arm64"], built),
        Change("image.sbom", value=True, expected=pushed),
        # What docker pushed stays; without a delete the engine forgets the resource.
        Change("image.build", "ko", {"hero-build": "delete", "hero-image": "update"}),
    ]


def embedded_changes(build: str) -> list[Change]:
    """What the keys of `hero:embedded` do."""
    docker = build == "docker"
    moved = {"embedded-process": "update", "hero-image": "update"} | ({"hero-build": "update"} if docker else {})
    lost = {"embedded-process": "replace", "hero-image": "update"} | ({"hero-build": "replace"} if docker else {})
    pushed = {"hero-image": "update"} | ({"hero-build": "update"} if docker else {})
    return [
        Change("image.name", "another/hero", pushed),
        Change("embedded.port", free_port(), moved),
        Change("embedded.directory", ".hero/elsewhere", lost),
        Change("embedded.keepData", value=True, expected={"embedded-process": "update"}),
        Change("embedded.rotate", "another", {"embedded-process": "update", "hero-image": "update"}),
    ]


def docker_hub_changes(build: str) -> list[Change]:
    """What the keys of `hero:dockerhub` do."""
    built = {"hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    tokens = {f"dockerhub-{role}-token": "replace" for role in ("pusher", "puller")}
    described = {"dockerhub-repository": "update"}
    given = {"dockerhub-pusher-token": "delete", "hero-image": "update"}
    pusher = {"dockerhub.pusherToken": Secret("their-pushers-token")}
    puller = {"dockerhub.pullerToken": Secret("their-pullers-token")}
    planted = {"pullSecrets.namespaces": ["default"]}
    gone = dict.fromkeys(("dockerhub-repository", "dockerhub-pusher-token"), "delete")
    # What has nothing to do with how the image is built.
    apart = [
        Change("dockerhub.token", Secret("another-token"), described | dict.fromkeys(tokens, "update")),
        Change("dockerhub.description", "Another Hero", described),
        Change("dockerhub.overview", "other.md", described),
        Change("dockerhub.private", value=False, expected=described),
        Change("dockerhub.immutableTags", ["v.*"], described),
        Change("dockerhub.keepData", value=True, expected=described),
        Change("dockerhub.pusherToken", Secret("their-pushers-token"), given),
        Change("dockerhub.pusherUsername", "ci", {"hero-image": "update"}, pusher),
        Change("dockerhub.pullerToken", Secret("their-pullers-token"), {"dockerhub-puller-token": "delete"}),
        Change("dockerhub.pullerUsername", "cluster", {"pull-secrets-default": "update"}, puller | planted),
    ]
    return [
        *(apart if build == "ko" else []),
        Change("image.name", "another-hero", {"dockerhub-repository": "replace"} | tokens | built),
        Change("dockerhub.namespace", "another", {"dockerhub-repository": "replace"} | tokens | built),
        Change("dockerhub.username", "somebody", described | tokens | {"hero-image": "update"}),
        Change("dockerhub.rotate", "another", tokens | {"hero-image": "update"}),
        Change("dockerhub.server", ELSEWHERE, gone | built, puller),
        Change("dockerhub.caCertificate", "ca.pem", built, puller | {"dockerhub.server": ELSEWHERE}),
    ]


def docker_hub() -> Blocks:
    """An account, and a repository that goes with the stack, so that nothing of it is left."""
    account = {"namespace": "vfarcic", "username": "vfarcic", "token": Secret("the-administrators-token")}
    return {"dockerhub": {**account, "keepData": False}}


def zot_changes(build: str) -> list[Change]:
    """What the keys of `hero:zot` do."""
    pushed = {"hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    ready = {"zot-readiness": "update"}
    rolled = {"zot-release": "update"} | ready
    written = {"zot-files": "update"} | rolled
    told = {f"zot-nodes-{what}": "update" for what in ("told", "writer")}
    signed = {"zot-request": "replace", "zot-certificate": "replace", "zot-tls": "update"}
    own = dict.fromkeys(("zot-authority-key", "zot-authority", "zot-key", "zot-request"), "delete")
    forgotten = {f"zot-nodes-{what}": "delete" for what in ("told", "writer")}
    moved = written | told | pushed
    placed = ("namespace", "claim", "files", "release", "tls", "nodes-told", "nodes-writer")
    moved_away = dict.fromkeys((f"zot-{what}" for what in placed), "replace") | ready | pushed
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
        Change("zot.keepData", value=True, expected={}),
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
            own | forgotten | {"zot-certificate": "delete", "zot-tls": "update"} | ready | pushed,
        ),
        Change(
            "zot.caCertificate",
            "ca.pem",
            {f"zot-nodes-{what}": "create" for what in ("told", "writer")} | ready | pushed,
            given,
        ),
        Change(
            "zot.insecureHttp",
            value=True,
            expected=own | {"zot-certificate": "delete", "zot-tls": "delete"} | written | told | pushed,
        ),
        Change("zot.nodes", value=False, expected=forgotten),
        Change("zot.size", "9Gi", {"zot-claim": "update"}),
        Change("zot.storageClass", "fast", {"zot-claim": "replace"} | rolled | pushed),
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
            | {"hero-image": "update"},
        ),
        Change("cluster.charts", "./charts", {"zot-release": "update"}),
        Change("cluster.images", "registry.example.com", {"zot-nodes-writer": "update"} | rolled),
        Change("cluster.patience", 900, ready),
        Change("cluster.certsDirectory", "/etc/certs.d", {"zot-nodes-writer": "update"}),
    ]


def zot() -> Blocks:
    """A zot that goes with the stack, so that nothing of it is left."""
    return {"zot": {"domain": "hero.127.0.0.1.nip.io", "keepData": False}}


BEGIN: dict[str, tuple[Callable[[], Blocks], Callable[[str], list[Change]]]] = {
    "embedded": (lambda: {"embedded": {"port": free_port()}}, embedded_changes),
    "dockerhub": (docker_hub, docker_hub_changes),
    "zot": (zot, zot_changes),
}


def _changes(own: list[Change], build: str) -> list[Change]:
    """Those of a choice, and those of all choices that mean nothing else with this one."""
    keys = {change.key for change in own}
    return [*(change for change in shared_changes(build) if change.key not in keys), *own]


CASES = [
    Case(choice, build, begin, _changes(changes(build), build))
    for choice, (begin, changes) in BEGIN.items()
    for build in ("ko", "docker")
]
