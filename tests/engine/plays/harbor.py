"""The harbor plugin and a Harbor behind it: names taken once, numbers in paths, projects that are full."""

import secrets

from tests.engine.contract import contracts_of
from tests.engine.plays.play import Play, Properties
from tests.engine.world import Refusal, World

PROJECT = "harbor:index/project:Project"


class Numbered(Play):
    """Anything of Harbor: its `id` is its path in the API, with the number that Harbor gave it."""

    deletes_first = True

    def __init__(self, path: str) -> None:
        self._path = path

    def identity(self, inputs: Properties) -> str:
        return str(inputs.get("name") or "")

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return f"/{self._path}/{world.number(self._path)}"


class Project(Numbered):
    """Only an empty one can be deleted, unless it was told before to be deleted by force."""

    computed = ("projectId",)

    def __init__(self) -> None:
        super().__init__("projects")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        return {"projectId": old["projectId"] if old else world.number("projectId")}

    def unmake(self, world: World, outputs: Properties) -> None:
        full = any(
            path.startswith(f"{outputs['name']}/")
            for registry in world.registries.values()
            for path in registry.repositories
        )
        if full and not outputs.get("forceDestroy"):
            raise Refusal(f"412: the project {outputs['name']} contains repositories, can not be deleted")


class RobotAccount(Numbered):
    """A login; of a project's own one the name says of which project it is."""

    computed = ("fullName", "robotId", "secret")

    def __init__(self) -> None:
        super().__init__("robots")

    def identity(self, inputs: Properties) -> str:
        return self._full_name(inputs)

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return ("secret",) if old.get("secret") != new.get("secret") else ()

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        for permission in inputs["permissions"]:
            if permission["kind"] == "project" and permission["namespace"] != "*":
                _ensure_project(world, permission["namespace"])
        return {
            "fullName": self._full_name(inputs),
            "robotId": old["robotId"] if old else str(world.number("robotId")),
            "secret": inputs.get("secret") or (old or {}).get("secret") or secrets.token_hex(16),
        }

    def _full_name(self, inputs: Properties) -> str:
        if inputs["level"] == "system":
            return f"robot${inputs['name']}"
        return f"robot${inputs['permissions'][0]['namespace']}+{inputs['name']}"


class Endpoint(Numbered):
    """Another registry that Harbor knows."""

    computed = ("registryId", "status")

    def __init__(self) -> None:
        super().__init__("registries")

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        return {"registryId": old["registryId"] if old else world.number("registryId"), "status": "healthy"}


def _ensure_project(world: World, name: str) -> None:
    if world.find(PROJECT, name=name) is None:
        raise Refusal(f"404: project {name} not found")


PLAYS: dict[str, Play] = {
    # The rest give back what they were given, and those without a name may be there any number of times.
    **{kind: Numbered(kind.rpartition(":")[2]) for kind in contracts_of("harbor") if kind != "provider"},
    PROJECT: Project(),
    "harbor:index/robotAccount:RobotAccount": RobotAccount(),
    "harbor:index/registry:Registry": Endpoint(),
}
