"""Docker Hub."""

from tests.engine.changes.change import Blocks, Change
from tests.engine.changes.shared import ADMINISTRATORS, ELSEWHERE, fallback_changes
from tests.engine.house import Secret


def docker_hub() -> Blocks:
    """An account, and a repository that goes with the stack, so that nothing of it is left."""
    account = {"namespace": "vfarcic", "username": "vfarcic", "token": Secret(ADMINISTRATORS)}
    return {"dockerhub": {**account, "keepData": False}}


def docker_hub_changes(build: str) -> list[Change]:
    """What the keys of `hero:dockerhub` do."""
    built = {"home": "update", "hero-image": "update"} | ({"hero-build": "update"} if build == "docker" else {})
    tokens = {f"dockerhub-{role}-token": "replace" for role in ("pusher", "puller")}
    described = {"dockerhub-repository": "update"}
    given = {"dockerhub-pusher-token": "delete", "home": "update", "hero-image": "update"}
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
        Change("dockerhub.keepData", value=True, expected={"home": "update"} | described),
        Change("dockerhub.pusherToken", Secret("their-pushers-token"), given),
        Change("dockerhub.pusherUsername", "ci", {"home": "update", "hero-image": "update"}, pusher),
        Change("dockerhub.pullerToken", Secret("their-pullers-token"), {"dockerhub-puller-token": "delete"}),
        Change("dockerhub.pullerUsername", "cluster", {"pull-secrets-default": "update"}, puller | planted),
        *fallback_changes({"mirrors": ["zot"], "zot.domain": "zot.10.0.0.1.nip.io", "zot.keepData": False}),
    ]
    return [
        *(apart if build == "ko" else []),
        Change("image.name", "another-hero", {"dockerhub-repository": "replace"} | tokens | built),
        Change("dockerhub.namespace", "another", {"dockerhub-repository": "replace"} | tokens | built),
        Change("dockerhub.username", "somebody", described | tokens | {"home": "update", "hero-image": "update"}),
        Change("dockerhub.rotate", "another", tokens | {"home": "update", "hero-image": "update"}),
        Change("dockerhub.server", ELSEWHERE, gone | built, puller),
        Change("dockerhub.caCertificate", "ca.pem", built, puller | {"dockerhub.server": ELSEWHERE}),
    ]
