"""A key of config that changes, and what that must do."""

from dataclasses import dataclass, field
from typing import Any

Blocks = dict[str, dict[str, Any]]
IN_A_CLUSTER = ("pullSecrets.", "cluster.", "nydus.", "fallback.")


@dataclass(frozen=True)
class Change:
    """Another value of one key, and what it does: the operation for each resource that does not stay the same."""

    key: str
    value: object
    expected: dict[str, str]
    beside: dict[str, Any] = field(default_factory=dict[str, Any])
    """Other keys without which this one would be a mistake or say nothing; they are there before it changes."""
    elsewhere: str = ""
    """What it speaks of and a cluster alone has not."""
    spared: tuple[str, ...] = ()
    """What a preview shows as an update, because it cannot know that it will stay the same."""

    @property
    def needs(self) -> set[str]:
        """What must be there for it where nothing is played."""
        found = {"kubernetes"} if self.key.startswith(IN_A_CLUSTER) else set[str]()
        found |= {"docker"} if "docker" in (self.value, self.beside.get("image.build")) else set()
        found |= {"an image of the Docker engine"} if self.key == "image.source" else set()
        found |= {self.elsewhere} if self.elsewhere else set()
        return found | ({"somebody to call"} if self.key.startswith("image.webhook") else set())

    def before(self, config: dict[str, Any]) -> dict[str, Any]:
        """The config with what this change needs."""
        return with_values(config, self.beside)

    def apply(self, config: dict[str, Any]) -> dict[str, Any]:
        """The same with this value in it."""
        return with_values(self.before(config), {self.key: self.value})


def with_values(config: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A config in which these keys have these values."""
    changed = {**config}
    for key, value in values.items():
        block, _, name = key.partition(".")
        changed[block] = {**changed.get(block, {}), name: value} if name else value
    return changed
