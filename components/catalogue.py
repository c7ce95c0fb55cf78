"""Every choice by name: its settings and its component. Nobody else knows them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.addresses import HUB, leads_to_itself
from components.image_settings import ImageSettings
from components.kubernetes.cluster import ClusterSettings
from components.kubernetes.exposure import ExposedSettings
from components.kubernetes.nydus.settings import NydusSettings
from components.kubernetes.pull_secrets import PullSecretsSettings
from components.mirrors import FallbackSettings
from components.mistakes import Mender
from components.reader import Entry, Reader, read_entries
from components.registries.docker_hub import DockerHub, DockerHubSettings
from components.registries.dragonfly.settings import DragonflySettings, Footprint, Preheat
from components.registries.embedded import Embedded, EmbeddedSettings
from components.registries.harbor.settings import HarborSettings
from components.registries.zot.settings import ZotSettings
from components.registry import Registry
from components.settings import Block
from components.switch import SwitchSettings


@dataclass(frozen=True)
class Settings:
    """A stack's whole config, valid."""

    registry: str
    choice: Any
    """The block of the registry that is chosen, and of its own class."""
    image: ImageSettings
    pull_secrets: PullSecretsSettings
    cluster: ClusterSettings
    nydus: NydusSettings
    switch: SwitchSettings
    fallback: FallbackSettings
    keeper: str
    """The registry that keeps the images: the chosen one, or the one behind it."""
    mirrors: list["Settings"]
    """The same for each further registry that keeps the image too, as if it were the chosen one."""
    asked: list[str]
    """Those of them, by their choices, that nodes ask where the home does not answer."""
    origin: Any = None
    """The block of the registry that is behind the chosen one, where one is."""


@dataclass(frozen=True)
class Choice:
    """A registry that can be chosen: the model of its block, and the component that is built from it."""

    settings: type[Block]
    component: Callable[[str, Settings, pulumi.ResourceOptions | None], Registry]
    page: str
    """Its page in docs/."""
    levels: Callable[[Any], int | None] = lambda _: None
    """How many words joined by / an image's name may have, with these settings; None where any number may be."""
    host: Callable[[Any], str] = lambda _: ""
    """The host, as far as config says it, under which clients reach it."""
    origin: Callable[[Any], str] | None = None
    """The choice that is behind it, with these settings, where it keeps no images itself."""
    path: Callable[[Any, str], str] = lambda _, name: name
    """Where in it, with these settings, an image of this name lives."""


def _zot(name: str, stack: Settings, opts: pulumi.ResourceOptions | None) -> Registry:
    # What lives in a cluster takes as long to import as all the rest.
    from components.registries.zot.zot import Zot  # noqa: PLC0415

    return Zot(name, stack.choice, stack.image, stack.cluster, opts)


def _harbor(name: str, stack: Settings, opts: pulumi.ResourceOptions | None) -> Registry:
    from components.registries.harbor.harbor import Harbor  # noqa: PLC0415 - as above

    return Harbor(name, stack.choice, stack.image, stack.cluster, discard=stack.switch.discard, opts=opts)


def _dragonfly(name: str, stack: Settings, opts: pulumi.ResourceOptions | None) -> Registry:
    from components.registries.dragonfly.dragonfly import Dragonfly  # noqa: PLC0415 - as above

    # The same as if it were the choice, so that nothing of it changes when Dragonfly comes or goes.
    origin = build_registry(_kept(stack), name.removesuffix(stack.registry), opts)
    everywhere = not leads_to_itself(CHOICES[stack.choice.origin].host(stack.origin))
    return Dragonfly(name, stack.choice, origin, stack.cluster, everywhere=everywhere, opts=opts)


CHOICES: dict[str, Choice] = {
    "embedded": Choice(
        EmbeddedSettings,
        lambda name, stack, opts: Embedded(
            name, stack.choice, stack.image.name, discard=stack.switch.discard, opts=opts
        ),
        "embedded",
        host=lambda _: "127.0.0.1",
    ),
    "dockerhub": Choice(
        DockerHubSettings,
        lambda name, stack, opts: DockerHub(
            name,
            stack.choice,
            stack.image.name,
            tags=stack.image.every_tag,
            discard=stack.switch.discard,
            opts=opts,
        ),
        "docker-hub",
        lambda settings: settings.levels,
        host=lambda settings: (settings.server or HUB).partition(":")[0],
        path=lambda settings, name: f"{settings.namespace}/{name}",
    ),
    "harbor": Choice(
        HarborSettings,
        _harbor,
        "harbor",
        host=lambda settings: settings.domain,
        path=lambda settings, name: f"{settings.project.name}/{name}",
    ),
    "zot": Choice(ZotSettings, _zot, "zot", host=lambda settings: settings.domain),
    "dragonfly": Choice(DragonflySettings, _dragonfly, "dragonfly", origin=lambda settings: settings.origin),
}
KEEPERS = [name for name, choice in CHOICES.items() if choice.origin is None]
PLANNED: tuple[str, ...] = ()
DEFAULT = "embedded"
BESIDE = ("registry", "mirrors", "image", "pullSecrets", "cluster", "nydus", "switch", "fallback")
"""The keys that are no choice's own."""


def read_settings(entries: Mapping[str, Entry] | None = None) -> Settings:
    """Check everything that the stack says, also of the choices that it has not made.

    Raises ConfigurationError with all mistakes, before anything is provisioned.
    """
    reader = Reader(read_entries() if entries is None else entries, Mender(pulumi.get_stack()))
    return check_settings(pulumi.get_project(), reader)


def check_settings(project: str, reader: Reader) -> Settings:
    """The same for whatever the reader has, under keys that begin with the project's name."""
    registry = reader.word(f"{project}:registry", list(CHOICES), DEFAULT, PLANNED)
    mirrors = reader.words(f"{project}:mirrors", KEEPERS)
    image = reader.block(f"{project}:image", ImageSettings)
    blocks = {
        name: reader.block(f"{project}:{name}", choice.settings)
        for name, choice in CHOICES.items()
        # What another choice needs is asked of nobody who does not name it.
        if name == registry or name in mirrors.values() or reader.has(f"{project}:{name}")
    }
    home, origin = _home(reader, project, registry, blocks)
    _check_apart(reader, project, blocks)
    _limit_levels(reader, f"{project}:image.name", home, blocks[home], image)
    for path, mirror in mirrors.items():
        if mirror == home:
            reader.refuse_item(path, f"{mirror} is Hero's home already", "a registry that is not")
        else:
            _limit_levels(reader, f"{project}:image.name", mirror, blocks[mirror], image)
    fallback = reader.block(f"{project}:fallback", FallbackSettings)
    pull_secrets = reader.block(f"{project}:pullSecrets", PullSecretsSettings)
    cluster = reader.block(f"{project}:cluster", ClusterSettings)
    nydus = reader.block(f"{project}:nydus", NydusSettings)
    switch = reader.block(f"{project}:switch", SwitchSettings)
    reader.unknown(
        [f"{project}:{key}" for key in (*BESIDE, *CHOICES)],
        [f"{project}:{name}" for name in PLANNED],
    )
    reader.raise_mistakes()
    settings = Settings(
        registry,
        reader.valid(blocks[registry]),
        reader.valid(image),
        reader.valid(pull_secrets),
        reader.valid(cluster),
        reader.valid(nydus),
        reader.valid(switch),
        reader.valid(fallback),
        home,
        [],
        [],
        reader.valid(blocks[origin]) if origin else None,
    )
    further = [_as_mirror(settings, each, reader.valid(blocks[each])) for each in mirrors.values()]
    settings = replace(settings, mirrors=further)
    if settings.fallback.nodes:
        settings = replace(settings, asked=_asked(reader, project, settings))
        reader.raise_mistakes()
    return settings


def _as_mirror(stack: Settings, choice: str, block: Block) -> Settings:
    """A further registry's, in which the image has the path that it has at home, where any path may be."""
    image = stack.image
    if CHOICES[choice].levels(block) is None:
        at_home = _path(_kept(stack))
        image = image.model_copy(update={"name": at_home})
    return replace(stack, registry=choice, choice=block, image=image, keeper=choice, mirrors=[], origin=None)


def _asked(reader: Reader, project: str, stack: Settings) -> list[str]:
    """The mirrors that every node reaches, each of which it asks for a path that ends in the one at home."""
    key, at_home = f"{project}:fallback.nodes", _path(_kept(stack))
    reached = [each for each in stack.mirrors if not leads_to_itself(CHOICES[each.registry].host(each.choice))]
    if not reached:
        problem = "there is no mirror that every node reaches"
        reader.refuse(key, problem, "false, or a registry in hero:mirrors that nodes reach by its address", "false")
    for each in reached:
        path = _path(each)
        if not f"/{path}".endswith(f"/{at_home}"):
            problem = f"nodes would ask {each.registry} for {at_home}, and there it is {path}"
            reader.refuse(key, problem, f"false, or a path in {each.registry} that ends in {at_home}", "false")
    return [each.registry for each in reached]


def _kept(stack: Settings) -> Settings:
    """As if the registry that keeps the image were the choice: itself, or what is behind it."""
    return replace(stack, registry=stack.keeper, choice=stack.origin or stack.choice, origin=None)


def _path(stack: Settings) -> str:
    return CHOICES[stack.registry].path(stack.choice, stack.image.name)


def _home(reader: Reader, project: str, registry: str, blocks: dict[str, Block | None]) -> tuple[str, str | None]:
    """Whose names the image's is one of: the choice itself, or what is behind it, which is the second as well."""
    settings, origin_of = blocks[registry], CHOICES[registry].origin
    if settings is None or origin_of is None:
        return registry, None
    origin = origin_of(settings)
    if origin not in KEEPERS:
        path = f"{project}:{registry}.origin"
        reader.refuse(path, "not a choice that keeps images", " | ".join(KEEPERS), KEEPERS[-1])
        return registry, None
    if origin not in blocks:
        blocks[origin] = reader.block(f"{project}:{origin}", CHOICES[origin].settings)
    if isinstance(settings, DragonflySettings):
        _check_reach(reader, f"{project}:{registry}", settings, CHOICES[origin].host, blocks[origin])
    return origin, origin


def _check_apart(reader: Reader, project: str, blocks: Mapping[str, Block | None]) -> None:
    """Refuse a namespace for two: when one of them goes, all that is in it goes."""
    inhabitants: dict[str, str] = {}
    for name, settings in blocks.items():
        if isinstance(settings, ExposedSettings | DragonflySettings):
            other = inhabitants.setdefault(settings.own_namespace, name)
            if other != name:
                alone = "This registry's own namespace"
                reader.refuse(f"{project}:{name}.namespace", f"{other} lives there", alone, name)


def _check_reach(
    reader: Reader, path: str, settings: DragonflySettings, host_of: Callable[[Any], str], origin: Block | None
) -> None:
    """Refuse what cannot work: an address that is each machine's own, where others than one node have to ask there."""
    if origin is None:
        return
    if not leads_to_itself(host_of(origin)):
        return
    if settings.size == Footprint.CLUSTER:
        problem = "the origin's address leads each node to itself, and only that on its own machine would find an image"
        reader.refuse(f"{path}.size", problem, "laptop, or an origin that every node reaches", "laptop")
    if settings.preheat not in (None, Preheat.OFF):
        problem = "the origin's address leads a pod to itself, and Dragonfly's pods could fetch nothing from there"
        reader.refuse(f"{path}.preheat", problem, "off, or an origin that pods reach", "off")


def _limit_levels(
    reader: Reader, path: str, registry: str, settings: Block | None, image: ImageSettings | None
) -> None:
    levels = None if settings is None else CHOICES[registry].levels(settings)
    if image is None or levels is None or image.name.count("/") < levels:
        return
    allowed = "one word" if levels == 1 else f"at most {levels} words joined by /"
    reader.refuse(path, f"{registry} has no place for this name", allowed, image.name.rpartition("/")[2])


def build_registry(settings: Settings, before: str = "", opts: pulumi.ResourceOptions | None = None) -> Registry:
    """The home that the stack has chosen; its name is the choice's, with what it is given `before` that."""
    return CHOICES[settings.registry].component(f"{before}{settings.registry}", settings, opts)
