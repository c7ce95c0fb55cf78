"""What is no choice's own, wherever the image lives."""

import hashlib

from tests.engine.changes.change import Change
from tests.engine.house import Secret

EXISTING = {"image.build": "existing", "image.source": "cncf-demo:v0.0.1"}
A_NODE = "a node whose containerd may be restarted, and the snapshotter's image"
ELSEWHERE, ADMINISTRATORS = "registry.example.com", "the-administrators-token"
WEBHOOK = "https://example.com/hero"


def shared_changes(build: str) -> list[Change]:
    """What the keys do that are no choice's own, wherever the image lives."""
    webhook = f"hero-webhook-{hashlib.sha256(WEBHOOK.encode()).hexdigest()[:8]}"
    planted = {"pullSecrets.namespaces": ["default"]}
    again, home = {"pull-secrets-default": "replace"}, {"home": "update"}
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
        Change("mirrors", ["embedded"], dict.fromkeys(("embedded-process", "hero-embedded-copy"), "create") | home),
        Change("switch.copy", "current", home),
        Change("switch.discard", value=True, expected=home),
        *fallback_changes({"mirrors": ["dockerhub"], **with_logins()}),
        *nydus_changes(),
    ]


def with_logins() -> dict[str, object]:
    """Another registry, as a Hub's config names it, which every node reaches."""
    account: dict[str, object] = {"namespace": "vfarcic", "username": "vfarcic", "server": ELSEWHERE}
    given = {**account, "token": Secret(ADMINISTRATORS), "pullerToken": Secret("their-pullers-token")}
    return {f"dockerhub.{key}": value for key, value in given.items()}


def fallback_changes(mirrors: dict[str, object]) -> list[Change]:
    """What the keys of `hero:fallback` do to a cluster's nodes, beside these mirrors."""
    made = dict.fromkeys((f"fallback-{each}" for each in ("namespace", "told", "writer", "readiness")), "create")
    told = {name: "update" for name in made if name != "fallback-namespace"}
    there = {**mirrors, "fallback.nodes": True}
    return [
        Change("fallback.nodes", value=True, expected=made, beside=mirrors),
        Change("fallback.logins", value=True, expected=told, beside=there),
    ]


def nydus_changes() -> list[Change]:
    """What the keys of `hero:nydus` do to a cluster's nodes."""
    named = ["namespace", "account", "role", "role-binding", "login", "told", "snapshotter", "runtime-class"]
    moved = {f"nydus-{each}": "replace" for each in [*named, "departure"]} | {"nydus-readiness": "update"}
    rolled = {"nydus-snapshotter": "update", "nydus-readiness": "update"}
    there = {"nydus.snapshotter": True}
    keys: list[tuple[str, object, dict[str, str]]] = [
        ("runtimeClass", "nydus", moved),
        ("nodeSelector", {"pool": "lazy"}, {**rolled, "nydus-runtime-class": "update"}),
        ("fetchAll", True, {**rolled, "nydus-told": "update"}),
        ("restartContainerd", False, rolled),
        (
            "everyPullSecret",
            True,
            {
                **rolled,
                "nydus-told": "update",
                "nydus-cluster-role": "create",
                "nydus-cluster-role-binding": "create",
            },
        ),
    ]
    made = dict.fromkeys(moved, "create")
    return [
        Change("nydus.snapshotter", value=True, expected=made, elsewhere=A_NODE),
        *(Change(f"nydus.{key}", value, expected, there, A_NODE) for key, value, expected in keys),
    ]


def image_changes(build: str) -> list[Change]:
    """What the keys of `hero:image` do to the image."""
    pushed = {"hero-image": "update"}
    if build == "ko":
        return [
            Change("image.tags", ["v0.0.1", "latest"], {"home": "update"} | pushed),
            Change("image.context", "./other", pushed),
            Change("image.platforms", ["linux/arm64"], pushed),
            Change("image.source", "cncf-demo:v0.0.2", pushed, EXISTING),
            Change("image.build", "docker", {"hero-build": "create", "hero-image": "update"}),
            *converted_changes(),
        ]
    built = {"hero-build": "update", "hero-image": "update"}
    return [
        Change("image.tags", ["v0.0.1", "latest"], {"home": "update"} | built),
        Change("image.tags", ["latest", "v0.0.1"], {"home": "update"} | pushed),
        Change("image.context", "./other", built),
        Change("image.dockerfile", "Other.Dockerfile", built),
        Change("image.platforms", ["linux/arm64"], built),
        Change("image.sbom", value=True, expected=pushed),
        # What docker pushed stays; without a delete the engine forgets the resource.
        Change("image.build", "ko", {"hero-build": "delete", "hero-image": "update"}),
    ]


def converted_changes() -> list[Change]:
    """What the keys of `hero:image` do to the image's form for Nydus, and to the image beside it."""
    pushed, converted = {"hero-image": "update"}, {"hero-nydus": "update"}
    there: dict[str, object] = {"image.nydus": True}
    return [
        Change("image.nydus", value=True, expected={"home": "update", "hero-nydus": "create"}),
        Change("image.nydus", "merged", converted, there),
        Change("image.nydus", value=False, expected={"home": "update", "hero-nydus": "delete"}, beside=there),
        Change("image.nydusPrefetch", ["/ko-app/hero"], converted, there),
        Change("image.context", "./other", pushed | converted, there),
        Change("image.tags", ["v0.0.1", "latest"], {"home": "update"} | pushed | converted, there),
    ]
