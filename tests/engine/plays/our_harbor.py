"""Our own plugin's resources of Harbor, what is kept beside it in a cluster, and a Harbor behind them."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from tests.engine.plays.play import Kept, Play, Properties, get
from tests.engine.world import Login, Refusal, Registry, World

KEPT = "hero-home:provider:KeptSecrets"
PROJECT = "hero-home:provider:HarborProject"
ADMINISTRATOR = "admin"


class KeptSecrets(Play):
    """Texts in a Secret, which are taken over by the next who makes them."""

    computed = ("holder", "values", "present")
    adopts = True
    remakes = ("present",)

    def __init__(self) -> None:
        self._taken_over: dict[str, dict[str, str]] = {}

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['namespace']}/{inputs['name']}"

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return self.identity(outputs)

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return ("values",) if new["lengths"].keys() - old["lengths"].keys() else ()

    def take_over(self, world: World, outputs: Properties) -> None:
        self._taken_over[self.identity(outputs)] = outputs["values"]

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        before = old["values"] if old else self._taken_over.pop(self.identity(inputs), {})
        values = {key: before.get(key) or secrets.token_hex(int(length)) for key, length in inputs["lengths"].items()}
        return {"holder": old["holder"] if old else secrets.token_hex(8), "present": True, "values": values}


class Project(Play):
    """One that is there already is taken over."""

    computed = ("projectId",)
    adopts = True

    def __init__(self) -> None:
        self._taken_over: dict[str, int] = {}

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['url']} {inputs['name']}"

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return f"/projects/{int(outputs['projectId'])}"

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        administer(world, inputs)
        known = old["projectId"] if old else self._taken_over.pop(self.identity(inputs), 0)
        return {"projectId": known or world.number("projectId")}

    def take_over(self, world: World, outputs: Properties) -> None:
        self._taken_over[self.identity(outputs)] = outputs["projectId"]

    def unmake(self, world: World, outputs: Properties) -> None:
        registry = administer(world, outputs)
        for path in [path for path in registry.repositories if path.startswith(f"{outputs['name']}/")]:
            del registry.repositories[path]


class Robot(Play):
    """A login with which one can do what its permissions say."""

    computed = ("fullName", "robotId")
    adopts = True

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['url']} {_full_name(inputs)}"

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return f"/robots/{int(outputs['robotId'])}"

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        registry, name = administer(world, inputs), _full_name(inputs)
        if inputs["project"] and world.find(PROJECT, name=inputs["project"]) is None:
            raise Refusal(f"404: project {inputs['project']} not found")
        may = [action for each in inputs["permissions"] for action in each["actions"]]
        others = [login for login in registry.logins if login.username != name]
        registry.logins = [*others, Login(name, inputs["secret"], may_push="repository:push" in may)]
        return {"fullName": name, "robotId": old["robotId"] if old else world.number("robotId")}

    def unmake(self, world: World, outputs: Properties) -> None:
        registry = administer(world, outputs)
        registry.logins = [login for login in registry.logins if login.username != outputs["fullName"]]


class Scan(Kept):
    """A look at an image, which finds nothing."""


class Preheat(Play):
    """A manager that Harbor knows, and what is handed on to it."""

    adopts = True

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['url']} {inputs['name']}"

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        administer(world, inputs)
        if world.find(PROJECT, name=inputs["project"]) is None:
            raise Refusal(f"404: project {inputs['project']} not found")
        return {}

    def unmake(self, world: World, outputs: Properties) -> None:
        administer(world, outputs)


def start(world: World, release: Properties) -> None:
    """The Harbor that the release's pods are, with what was in it before."""
    namespace, url = release["namespace"], str(get(release, "values.externalURL"))
    name = get(release, "values.existingSecretAdminPassword")
    kept = world.find(KEPT, namespace=namespace, name=name)
    if kept is None:
        raise Refusal(f'secrets "{name}" not found')
    host = urlsplit(url).netloc
    before = [registry for registry in world.registries.values() if registry.namespace == namespace]
    found = before[0] if before else Registry(namespace=namespace)
    password: str = kept.outputs["values"]["HARBOR_ADMIN_PASSWORD"]
    robots = [login for login in found.logins if login.username != ADMINISTRATOR]
    world.registries = {address: each for address, each in world.registries.items() if each is not found}
    world.registries[host] = found
    found.logins = [*robots, Login(ADMINISTRATOR, password, may_push=True)]


def stop(world: World, stack: str) -> None:
    """All that was in the Harbor of a stack goes with its database."""
    for key, thing in list(world.things.items()):
        if key.startswith(f"{stack}::") and thing.type.startswith(("harbor:", "hero-home:provider:Harbor", KEPT)):
            del world.things[key]


def administer(world: World, inputs: Properties) -> Registry:
    """The Harbor, for its administrator alone."""
    return world.log_in(urlsplit(str(inputs["url"])).netloc, inputs["username"], inputs["password"], to_push=True)


def _full_name(inputs: dict[str, Any]) -> str:
    return f"robot${inputs['project']}+{inputs['name']}" if inputs["project"] else f"robot${inputs['name']}"


PLAYS: dict[str, Play] = {
    KEPT: KeptSecrets(),
    PROJECT: Project(),
    "hero-home:provider:HarborPreheat": Preheat(),
    "hero-home:provider:HarborRobot": Robot(),
    "hero-home:provider:HarborScan": Scan(),
}
