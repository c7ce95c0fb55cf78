"""A zot in a cluster, as far as who may push where goes: it reads the files that its chart mounts."""

import json
from typing import Any

from tests.engine.plays.play import Properties, get
from tests.engine.world import Login, Registry, World

SECRET = "kubernetes:core/v1:Secret"
FOLDER = "/etc/zot"


def start(world: World, release: Properties) -> None:
    """The registry that the release's pods are, with what was in it before; none where they cannot start."""
    files = _files(world, release)
    if not files:
        return
    settings: dict[str, Any] = json.loads(files["config.json"])
    host = str(settings["http"]["externalUrl"]).partition("://")[2]
    repositories: dict[str, Any] = settings["http"]["accessControl"]["repositories"]
    rights = [policy for each in repositories.values() for policy in each["policies"]]
    logins: list[Login] = []
    for line in files["htpasswd"].splitlines():
        user, _, hashed = line.partition(":")
        may_push = any(user in right["users"] and "create" in right["actions"] for right in rights)
        logins.append(Login(user, hashed, may_push=may_push))
    before = stop(world, release["namespace"])
    world.registries[host] = Registry(logins, before, release["namespace"])


def stop(world: World, namespace: str) -> dict[str, dict[str, str]]:
    """Nobody answers any more for the namespace; returns what its claim had."""
    found: dict[str, dict[str, str]] = {}
    for host, registry in list(world.registries.items()):
        if registry.namespace == namespace:
            found = registry.repositories
            del world.registries[host]
    return found


def _files(world: World, release: Properties) -> dict[str, str]:
    mounted: list[dict[str, str]] = get(release, "values.externalSecrets") or []
    names = [each["secretName"] for each in mounted if each["mountPath"] == FOLDER]
    for thing in world.things.values():
        place = get(thing.outputs, "metadata.namespace"), get(thing.outputs, "metadata.name")
        if thing.type == SECRET and names and place == (release["namespace"], names[0]):
            return thing.outputs["stringData"]
    return {}
