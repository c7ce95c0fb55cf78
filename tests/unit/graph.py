"""A stand-in for the engine, which writes down what a program asks it to make and answers as the real resources do."""

import asyncio
import contextvars
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockEngine, MockMonitor, MockSettings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

from components.reader import Entry
from tests.wire import plain

PROJECT, STACK = "hero", "dev"
STACK_TYPE = "pulumi:pulumi:Stack"
A_DIGEST = f"sha256:{'d' * 64}"
NYDUS_DIGEST = f"sha256:{'e' * 64}"
ALWAYS_THE_SAME: dict[str, dict[str, Any]] = {
    "hero-home:provider:NydusImage": {"nydusDigest": NYDUS_DIGEST},
    "hero-home:provider:HarborProject": {"projectId": 2},
    "harbor:index/registry:Registry": {"registryId": 4},
    "tls:index/selfSignedCert:SelfSignedCert": {"certPem": "a certificate"},
    "tls:index/locallySignedCert:LocallySignedCert": {"certPem": "a certificate"},
    "tls:index/certRequest:CertRequest": {"certRequestPem": "a request"},
}


@dataclass(frozen=True)
class Made:
    """A resource as the program asked for it: names instead of URNs, and plain values beside the paths of secrets."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    secrets: frozenset[str]
    dependencies: frozenset[str]
    retained: bool = False
    """Whether it stays when the stack goes."""
    deleted_with: str = ""
    """What takes it along when it goes."""
    replacement_trigger: str = ""
    """With another one, it is replaced."""


@dataclass
class Engine(pulumi.runtime.Mocks):
    """Runs a program in a stack that is only written down."""

    made: list[Made] = field(default_factory=list[Made])
    exported: dict[str, Any] = field(default_factory=dict[str, Any])
    exported_secrets: frozenset[str] = frozenset()
    finished: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    hooks: list[pulumi.ResourceHook] = field(default_factory=list[pulumi.ResourceHook])

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """What is to be called at some point of a resource's life; whoever wants that calls it."""
        self.hooks.append(hook)

    def run(self, program: Callable[[], object], config: Mapping[str, Entry] | None = None) -> None:
        """Run it to its end; what it raises is raised here."""

        def program_without_result() -> None:
            program()

        def within_its_own_settings() -> None:
            use_engine(self)
            entries = config or {}
            pulumi.runtime.set_all_config(
                {key: entry.text for key, entry in entries.items()},
                [key for key, entry in entries.items() if entry.secret],
            )
            asyncio.run(run_in_stack(program_without_result))

        # All that the SDK remembers of a program lies in context variables, so nothing is left for the next test.
        contextvars.copy_context().run(within_its_own_settings)

    def named(self, name: str) -> Made:
        """The one resource of this name."""
        (found,) = [made for made in self.made if made.name == name]
        return found

    def types(self) -> dict[str, str]:
        """The type of every resource, by its name."""
        return {made.name: made.type for made in self.made}

    def below(self, name: str) -> set[str]:
        """The names of a resource and all its descendants."""
        return {name}.union(*(self.below(made.name) for made in self.made if made.parent == name))

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """What the provider of such a resource would answer."""
        inputs = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType]
        return (f"{args.name}-id" if args.custom else None), {**inputs, **_computed(args.typ, inputs)}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        """No function of a provider is called anywhere."""
        raise NotImplementedError(args.token)


class _Monitor(MockMonitor):
    """The SDK's own stand-in tells mocks neither parents nor dependencies nor exports."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._engine = engine

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: ANN401, N802 - the SDK's
        if request.type != STACK_TYPE:
            inputs, secrets = plain(request.object)
            dependencies = frozenset(_name(urn) for urn in request.dependencies)
            self._engine.made.append(
                Made(
                    request.type,
                    request.name,
                    _name(request.parent),
                    inputs,
                    secrets,
                    dependencies,
                    request.retainOnDelete,
                    _name(request.deletedWith),
                    request.replacement_trigger.string_value,
                )
            )
        return super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType]

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:  # noqa: N802
        if request.urn.split("::")[2] == STACK_TYPE:
            self._engine.exported, self._engine.exported_secrets = plain(request.outputs)
        else:
            self._engine.finished[_name(request.urn)] = plain(request.outputs)[0]
        return Empty()


def use_engine(engine: Engine) -> None:
    """Let the SDK speak to this engine, about stack dev of project hero."""
    monitor = _Monitor(engine)
    features = set(monitor.GetDeploymentInfo(Empty()).supportedFeatures)  # pyright: ignore[reportUnknownMemberType]
    settings = MockSettings(
        monitor=monitor,
        monitor_features=features,
        engine=MockEngine(None),
        project=PROJECT,
        stack=STACK,
        dry_run=False,
        callbacks=engine,
    )
    configure(settings)


def _computed(kind: str, inputs: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind
    """What each provider adds to what it was given."""
    match kind:
        case "hero-home:provider:RegistryProcess":
            return {
                "storage": "storage-1",
                "running": True,
                "identityKey": rpc.wrap_rpc_secret("the registry's identity key"),
                "pusherPassword": rpc.wrap_rpc_secret("the pusher's password"),
                "pullerPassword": rpc.wrap_rpc_secret("the puller's password"),
            }
        case "hero-home:provider:DockerHubToken":
            return {"uuid": "uuid-1", "value": rpc.wrap_rpc_secret(f"the token of {inputs['label']}")}
        case "hero-home:provider:Image":
            source = json.dumps(inputs["source"], sort_keys=True)
            return {"digest": f"sha256:{hashlib.sha256(source.encode()).hexdigest()}", "uploaded": 1}
        case "random:index/randomPassword:RandomPassword":
            return {"result": rpc.wrap_rpc_secret("a password"), "bcryptHash": rpc.wrap_rpc_secret("$2a$10$…")}
        case "hero-home:provider:KeptSecrets":
            return {"values": rpc.wrap_rpc_secret({key: f"the kept {key}" for key in inputs["lengths"]})}
        case "hero-home:provider:DragonflyAccount":
            return {"token": rpc.wrap_rpc_secret("a token of the manager's"), "tokenId": 1}
        case "hero-home:provider:HarborRobot":
            return {"fullName": f"robot${inputs['project']}+{inputs['name']}", "robotId": 3}
        case "tls:index/privateKey:PrivateKey":
            return {"privateKeyPem": rpc.wrap_rpc_secret("a key")}
        case "docker:index/image:Image":
            repository = str(inputs["imageName"]).rpartition(":")[0]
            return {"repoDigest": f"{repository}@{A_DIGEST}", "baseImageName": inputs["imageName"]}
        case _:
            return ALWAYS_THE_SAME.get(kind, {})


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
