"""What all parts have in common."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.engine.world import World

Properties = dict[str, Any]


class Play:
    """A resource that gives back what it was given. Each part says in what it differs."""

    computed: tuple[str, ...] = ()
    """Outputs that nobody knows before it is made."""
    unimportant: tuple[str, ...] = ()
    """Inputs whose change alone is no difference."""
    deletes_first = False
    """Whether a replacement could not stand beside what it replaces."""
    in_the_world = True
    """Whether it is somewhere, and not only in the state."""
    remakes: tuple[str, ...] | None = None
    """The computed outputs that change when the next `up` finds that it is gone; None where an `up` does not look."""
    upserted = False
    """Whether the provider's `upsertExistingObjects` is about it."""
    mutable_by = ""
    """The provider's setting without which another content means another resource."""
    adopts = False
    """Whether a create takes over what has this identity already, where others would be refused."""

    def check(self, world: World, name: str, inputs: Properties, old: Properties) -> Properties:
        """The inputs with what the provider adds to them; the old ones are empty before it is made."""
        del world, name, old
        return inputs

    def replaced(self, old: Properties, new: Properties) -> tuple[str, ...]:
        """The inputs that cannot be changed in place, beside those that the contract names."""
        del old, new
        return ()

    def ignored(self, old: Properties, new: Properties) -> tuple[str, ...]:
        """The inputs whose change alone is no difference between these."""
        del old, new
        return self.unimportant

    def deletes_before(self, old: Properties, new: Properties) -> bool:
        """Whether this replacement could not."""
        del old, new
        return self.deletes_first

    def identity(self, inputs: Properties) -> str:
        """The name that no two of them may have; nothing where any number may be alike."""
        del inputs
        return ""

    def identifier(self, world: World, name: str, outputs: Properties) -> str:
        """The `id` of one that was made."""
        del outputs
        return f"{name}-{world.number(name)}"

    def kept(self, old: Properties, new: Properties) -> Properties:
        """The computed outputs that stay as they are where nothing renews them."""
        del new
        return {key: value for key, value in old.items() if key in self.computed}

    def renewed(self, old: Properties, new: Properties) -> tuple[str, ...]:
        """Those computed outputs that an update from the old to the new inputs changes."""
        del old, new
        return ()

    def make(self, world: World, inputs: Properties, old: Properties | None) -> Properties:
        """Make it, or change it where there are old outputs; returns what is computed."""
        del world, inputs
        return {key: old[key] for key in self.computed if old and key in old}

    def differing(self, old: Properties, new: Properties, live: Properties) -> list[str]:
        """The inputs that differ from the old ones; `live` is what the state has of the resource."""
        del live
        important = [without(values, self.ignored(old, new)) for values in (old, new)]
        return sorted(key for key in {*old, *new} if important[0].get(key) != important[1].get(key))

    def drifted(self, world: World, outputs: Properties) -> list[str]:
        """The outputs that an update would change although all inputs are the same."""
        del world, outputs
        return []

    def seen(self, world: World, outputs: Properties) -> Properties:
        """What a refresh finds of a resource with these outputs."""
        del world
        return outputs

    def take_over(self, world: World, outputs: Properties) -> None:
        """What becomes of one that is there already when another is made in its place."""
        del world, outputs

    def unmake(self, world: World, outputs: Properties) -> None:
        """Take it away."""
        del world, outputs


class Kept(Play):
    """What a provider makes of its own and keeps in the state alone."""

    in_the_world = False


def without(values: Properties, paths: tuple[str, ...]) -> Properties:
    """The same without what lies at these paths."""
    for path in paths:
        head, _, rest = path.partition(".")
        if isinstance(values.get(head), dict) and rest:
            values = {**values, head: without(values[head], (rest,))}
        elif not rest:
            values = {key: value for key, value in values.items() if key != head}
    return values


def digest(*content: object) -> str:
    """A digest that depends on the content and on nothing else."""
    return f"sha256:{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()}"


def files(folder: Path, path: str) -> list[str]:
    """Every file below a path, with its content's digest."""
    given = folder / path
    found = sorted(file for file in given.rglob("*") if file.is_file()) if given.is_dir() else [given]
    return [f"{file.relative_to(folder)} {digest(file.read_bytes().hex())}" for file in found]


def get(values: Properties, path: str) -> Any:  # noqa: ANN401 - any JSON
    """What lies at `a.b`, or None."""
    found: Any = values
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found  # pyright: ignore[reportUnknownVariableType]
