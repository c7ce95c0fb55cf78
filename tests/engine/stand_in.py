"""One stand-in that plays any of the providers over Pulumi's own protocol.

It is honest about being one: it checks what it is given against the real provider's contract, acts in a world of its
own, and never talks to anything outside.
"""

from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from tests.engine.contract import Contract, contracts_of
from tests.engine.plays import PLAYS
from tests.engine.plays.play import Play, Properties
from tests.engine.world import Refusal, Thing, World
from tests.wire import UNKNOWN, marked, plain

DIFFERENCE = provider_pb2.DiffResponse
GENERIC = Play()


class StandIn:
    """Plays one package. Each method answers the request of the same name in `provider.proto`."""

    def __init__(self, package: str, version: str, world: World) -> None:
        self._version = version
        self._contracts = contracts_of(package)
        self._world = world
        self._settings: Properties = {}

    def Handshake(self, request: provider_pb2.ProviderHandshakeRequest) -> Any:  # noqa: ANN401, N802 - the protocol's
        """What it understands."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=True)

    def GetPluginInfo(self, request: Empty) -> Any:  # noqa: ANN401, N802
        """The version that was asked for, of which nobody can think that it is the real one."""
        return plugin_pb2.PluginInfo(version=f"{self._version}+stand-in")

    def CheckConfig(self, request: provider_pb2.CheckRequest) -> Any:  # noqa: ANN401, N802
        """The provider's own configuration; on the wire whatever is no text is JSON."""
        contract = self._contracts.get("provider")
        if contract is None:
            # Our plugin is called as the project, so the engine hands it the stack's config. It has no use for it.
            return provider_pb2.CheckResponse(inputs=request.news)
        news, secrets = plain(request.news)
        unknown = sorted(news.keys() - contract.inputs.keys() - {"version", "pluginDownloadURL"})
        if unknown:
            return _failed([(key, "is unknown") for key in unknown])
        return provider_pb2.CheckResponse(inputs=_given(contract, news, secrets))

    def DiffConfig(self, request: provider_pb2.DiffRequest) -> Any:  # noqa: ANN401, N802
        """Another configuration; where it means another cluster, everything in it is another one too."""
        contract = self._contracts.get("provider")
        (old, _), (new, _) = plain(request.old_inputs), plain(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        replaces = sorted({*changed} & {*(contract.replaces if contract else ())})
        return DIFFERENCE(
            changes=DIFFERENCE.DIFF_SOME if changed else DIFFERENCE.DIFF_NONE, diffs=changed, replaces=replaces
        )

    def Configure(self, request: provider_pb2.ConfigureRequest) -> Any:  # noqa: ANN401, N802
        """As the real ones: secrets are understood, and previews come here too."""
        self._settings, _ = plain(request.args)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    def Cancel(self, request: Empty) -> Empty:  # noqa: N802
        """Nothing here takes long by itself."""
        return Empty()

    def Check(self, request: provider_pb2.CheckRequest) -> Any:  # noqa: ANN401, N802
        """The inputs completed, or what is wrong with them."""
        kind = _type(request.urn)
        return self._checked(kind, PLAYS.get(kind, GENERIC), request)

    def Diff(self, request: provider_pb2.DiffRequest) -> Any:  # noqa: ANN401, N802
        """Which inputs changed, and whether that means another resource."""
        kind = _type(request.urn)
        play, contract = PLAYS.get(kind, GENERIC), self._contracts[kind]
        (old, _), (new, _), (live, _) = plain(request.old_inputs), plain(request.news), plain(request.olds)
        changed = play.differing(old, new, live) or play.drifted(self._world, live)
        if play.remakes is not None and _key(request.urn, request.id) not in self._world.things:
            changed.append(play.computed[-1])
        fixed = {"data", "stringData"} if play.mutable_by and not self._is_set(play.mutable_by) else set[str]()
        replaces = sorted({*changed} & {*contract.replaces, *play.replaced(old, new), *fixed})
        kinds = provider_pb2.PropertyDiff
        return DIFFERENCE(
            changes=DIFFERENCE.DIFF_SOME if changed else DIFFERENCE.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and play.deletes_before(old, new),
            detailedDiff={
                key: kinds(kind=kinds.UPDATE_REPLACE if key in replaces else kinds.UPDATE, inputDiff=True)
                for key in changed
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: provider_pb2.CreateRequest) -> Any:  # noqa: ANN401, N802
        """Make it, unless it is only a preview."""
        kind, name = _type(request.urn), _name(request.urn)
        play, contract = PLAYS.get(kind, GENERIC), self._contracts[kind]
        inputs, secrets = plain(request.properties)
        if request.preview:
            outputs = {**dict.fromkeys(play.computed, UNKNOWN), **inputs}
            return provider_pb2.CreateResponse(properties=_given(contract, outputs, secrets))
        with self._world.changed():
            self._make_room(kind, play, inputs)
            outputs = {**inputs, **play.make(self._world, inputs, None)}
            identifier = play.identifier(self._world, name, outputs)
            if play.in_the_world:
                self._world.things[_key(request.urn, identifier)] = Thing(kind, name, outputs)
        return provider_pb2.CreateResponse(id=identifier, properties=_given(contract, outputs, secrets))

    def Read(self, request: provider_pb2.ReadRequest) -> Any:  # noqa: ANN401, N802
        """What there is; nothing where it is gone."""
        kind = _type(request.urn)
        play, contract = PLAYS.get(kind, GENERIC), self._contracts[kind]
        # What is not the program's own is there under its type alone.
        thing = self._world.things.get(_key(request.urn, request.id)) or self._world.things.get(f"{kind} {request.id}")
        if thing is None and play.in_the_world and play.remakes is None:
            return provider_pb2.ReadResponse()
        known, secrets = plain(request.properties)
        outputs = thing.outputs if thing and play.in_the_world else known
        properties = _given(contract, play.seen(self._world, outputs), secrets)
        return provider_pb2.ReadResponse(id=request.id, properties=properties, inputs=request.inputs)

    def Update(self, request: provider_pb2.UpdateRequest) -> Any:  # noqa: ANN401, N802
        """Change it in place, unless it is only a preview."""
        kind = _type(request.urn)
        play, contract = PLAYS.get(kind, GENERIC), self._contracts[kind]
        (old, _), (old_inputs, _), (new, secrets) = (
            plain(request.olds),
            plain(request.old_inputs),
            plain(request.news),
        )
        key = _key(request.urn, request.id)
        lost = play.in_the_world and key not in self._world.things
        if request.preview:
            kept = play.kept(old, new)
            renewed = (*play.renewed(old_inputs, new), *((play.remakes or ()) if lost else ()))
            outputs = {**new, **kept, **dict.fromkeys(renewed, UNKNOWN)}
            return provider_pb2.UpdateResponse(properties=_given(contract, outputs, secrets))
        with self._world.changed():
            if lost and play.remakes is None:
                raise Refusal(f"404 Not Found: {request.id}")
            outputs = {**new, **play.make(self._world, new, old)}
            if play.in_the_world:
                self._world.things[key] = Thing(kind, _name(request.urn), outputs)
        return provider_pb2.UpdateResponse(properties=_given(contract, outputs, secrets))

    def Delete(self, request: provider_pb2.DeleteRequest) -> Empty:  # noqa: N802
        """Take it away; what is gone already is gone."""
        key, play = _key(request.urn, request.id), PLAYS.get(_type(request.urn), GENERIC)
        with self._world.changed():
            thing = self._world.things.get(key)
            if thing is not None or not play.in_the_world:
                play.unmake(self._world, thing.outputs if thing else plain(request.properties)[0])
                self._world.things.pop(key, None)
        return Empty()

    def _checked(self, kind: str, play: Play, request: provider_pb2.CheckRequest) -> Any:  # noqa: ANN401 - a message
        (news, secrets), (olds, _) = plain(request.news), plain(request.olds)
        if kind not in self._contracts:
            return _failed([("", f"there is no resource {kind}")])
        wrong = self._contracts[kind].mistakes(news)
        if wrong:
            return _failed(wrong)
        try:
            inputs = play.check(self._world, _name(request.urn), news, olds)
        except ValueError as error:
            return _failed([("", str(error))])
        return provider_pb2.CheckResponse(inputs=_given(self._contracts[kind], inputs, secrets))

    def _is_set(self, setting: str) -> bool:
        return self._settings.get(setting) in (True, "true")

    def _make_room(self, kind: str, play: Play, inputs: Properties) -> None:
        identity = play.identity(inputs)
        if not identity or not play.in_the_world:
            return
        for key, thing in list(self._world.things.items()):
            if thing.type == kind and play.identity(thing.outputs) == identity:
                upserted = play.upserted and self._is_set("upsertExistingObjects")
                if not (play.adopts or upserted or self._world.is_forgotten(identity)):
                    raise Refusal(f"409 Conflict: {kind} {identity} exists already")
                play.take_over(self._world, thing.outputs)
                del self._world.things[key]


def _given(contract: Contract, outputs: Properties, secrets: frozenset[str]) -> Struct:
    return marked(outputs, secrets | (frozenset(contract.secrets) & outputs.keys()))


def _failed(wrong: list[tuple[str, str]]) -> provider_pb2.CheckResponse:
    failures = [provider_pb2.CheckFailure(property=path, reason=f"{path} {reason}".strip()) for path, reason in wrong]
    return provider_pb2.CheckResponse(failures=failures)


def _type(urn: str) -> str:
    """The last of the types in `urn:pulumi:stack::project::parent$type::name`."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _key(urn: str, identifier: str) -> str:
    return f"{urn} {identifier}"
