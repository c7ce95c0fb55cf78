"""A fake of the guard that is deleted before all others, over the images of the fake world."""

from tests.engine.plays.play import Kept, Properties
from tests.engine.world import Refusal, Registry, World


class StorageGuard(Kept):
    """Refuses to be deleted while a storage has tags that the stack has not given."""

    computed = ("pushed",)
    deletes_first = True

    def __init__(self) -> None:
        self._discards = False

    def check(self, world: World, name: str, inputs: Properties, old: Properties) -> Properties:
        # As the plugin remembers it from what the program registers.
        self._discards = inputs["discard"] is True
        return inputs

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        kept = {_name(storage) for storage in inputs["storages"]}
        if old and not inputs["discard"]:
            _refuse_loss(world, [each for each in old["storages"] if _name(each) not in kept], old)
        known: list[str] = old["pushed"] if old else []
        return {"pushed": [*dict.fromkeys([*known, *(image["digest"] for image in inputs["images"])])]}

    def unmake(self, world: World, outputs: Properties) -> None:
        allowed, self._discards = outputs["discard"] or self._discards, False
        if not allowed:
            _refuse_loss(world, outputs["storages"], outputs)


def _name(storage: Properties) -> tuple[str, str]:
    address, _, _ = str(storage["repository"]).partition("/")
    return storage["registry"], storage["directory"] or address


def _refuse_loss(world: World, storages: list[Properties], guard: Properties) -> None:
    own = {tag for image in guard["images"] for tag in image["tags"]}
    for storage in storages:
        address, _, path = str(storage["repository"]).partition("/")
        registry = world.registries.get(address)
        if storage["keepsImages"] or registry is None:
            continue
        whole = storage["directory"] or storage["catalog"] or storage.get("harbor")
        foreign = [
            f"{each}:{tag}"
            for each, tags in registry.repositories.items()
            for tag, digest in tags.items()
            if (whole or each == path)
            and not (each == path and tag in own)
            and not (each == path and _is_elsewhere(world, registry, tag, digest))
        ]
        if foreign:
            raise Refusal(
                f"cannot delete the images in {address}: the stack has not pushed {', '.join(sorted(foreign))}"
            )


def _is_elsewhere(world: World, registry: Registry, tag: str, digest: str) -> bool:
    """Whether a move has copied it."""
    others = [each for each in world.registries.values() if each is not registry]
    return any(tags.get(tag) == digest for each in others for tags in each.repositories.values())


PLAYS = {"hero-home:provider:StorageGuard": StorageGuard()}
