"""Our own plugin's resources of Dragonfly: a token of its manager's, and a wait until an image was fetched."""

import secrets

from tests.engine.plays.play import Kept, Play, Properties
from tests.engine.world import Refusal, World

ACCOUNT = "hero-home:provider:DragonflyAccount"
RELEASE = "kubernetes:helm.sh/v3:Release"


class Account(Play):
    """A token; whoever knows it may have images fetched."""

    computed = ("token", "tokenId")
    adopts = True

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['namespace']}/{inputs['release']}"

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return self.computed if old["generation"] != new["generation"] else ()

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        _ask(world, inputs)
        if old and not self.renewed(old, inputs):
            return {key: old[key] for key in self.computed}
        return {"token": secrets.token_hex(16), "tokenId": world.number("tokenId")}


class Preheat(Kept):
    """A wait for a job, which the manager takes from nobody but who has its token, and for an image that is there."""

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        started = ("repository", "digest", "scope", "identity")
        if old and all(old[key] == inputs[key] for key in started):
            return {}
        _ask(world, inputs)
        if world.find(ACCOUNT, namespace=inputs["namespace"], token=inputs["token"]) is None:
            raise Refusal("Dragonfly's manager refuses to make a job (401: Unauthorized)")
        address, _, path = str(inputs["repository"]).partition("://")[2].partition("/v2/")
        registry = world.log_in(address, inputs["username"], inputs["password"], to_push=False)
        if inputs["digest"] not in registry.repositories.get(path, {}).values():
            raise Refusal(f"{inputs['repository']} has no {inputs['digest']}")
        return {}


def stop(world: World, namespace: str) -> None:
    """What was in the manager's database goes with it."""
    for identifier, thing in list(world.things.items()):
        if thing.type == ACCOUNT and thing.outputs["namespace"] == namespace:
            del world.things[identifier]


def _ask(world: World, inputs: Properties) -> None:
    if world.find(RELEASE, namespace=inputs["namespace"], name=inputs["release"]) is None:
        raise Refusal(f"no pod of {inputs['release']}'s manager is ready in {inputs['namespace']}")


PLAYS: dict[str, Play] = {
    ACCOUNT: Account(),
    "hero-home:provider:DragonflyPreheat": Preheat(),
}
