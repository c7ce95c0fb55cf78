"""Our own plugin's resources of Docker Hub, and a Hub behind them with one account that may do everything."""

import secrets

from tests.engine.plays.play import Kept, Play, Properties
from tests.engine.world import Login, Registry, World

ADDRESS = "docker.io"


class Repository(Play):
    """A repository; one that exists already is taken over."""

    adopts = True

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['namespace']}/{inputs['name']}"

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        return self.identity(outputs)

    def ignored(self, old: Properties, new: Properties) -> tuple[str, ...]:
        return ("tags", "discard") if old["keepData"] and new["keepData"] else ()

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        _hub(world).repositories.setdefault(self.identity(inputs), {})
        return {}

    def unmake(self, world: World, outputs: Properties) -> None:
        if not outputs["keepData"]:
            _hub(world).repositories.pop(self.identity(outputs), None)


class Token(Play):
    """A token with which one logs in; what a run that was cut short has left under its name goes first."""

    computed = ("active", "uuid", "value")
    adopts = True

    def identity(self, inputs: Properties) -> str:
        return f"{inputs['label']} ({inputs['generation']})"

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        if old:
            return super().make(world, inputs, old)
        value = f"dckr_pat_{secrets.token_hex(16)}"
        _hub(world).logins.append(Login(inputs["username"], value, may_push="repo:write" in inputs["scopes"]))
        return {"active": True, "uuid": f"uuid-{world.number('uuid')}", "value": value}

    def take_over(self, world: World, outputs: Properties) -> None:
        self.unmake(world, outputs)

    def unmake(self, world: World, outputs: Properties) -> None:
        hub = _hub(world)
        hub.logins = [login for login in hub.logins if login.password != outputs["value"]]


class Webhook(Kept):
    """A call for each new digest; nobody is called here."""


def _hub(world: World) -> Registry:
    return world.registries.setdefault(ADDRESS, Registry())


PLAYS: dict[str, Play] = {
    "hero-home:provider:DockerHubRepository": Repository(),
    "hero-home:provider:DockerHubToken": Token(),
    "hero-home:provider:Webhook": Webhook(),
}
