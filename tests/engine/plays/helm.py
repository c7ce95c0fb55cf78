"""Helm's storage in a cluster, and the objects of its releases, as far as their checksums go.

As Helm does, an operation first writes a revision that is pending, then changes the objects, and then says that the
revision is deployed. Where the newest one is pending, every operation is refused.
"""

from dataclasses import asdict, dataclass, field
from typing import cast

from tests.engine.plays.play import Properties, digest, get
from tests.engine.world import Refusal, World

IN_PROGRESS = "another operation (install/upgrade/rollback) is in progress"


@dataclass
class Revision:
    """What Helm has stored of one."""

    number: int
    status: str
    values: Properties
    version: str
    manifest: dict[str, str]

    @property
    def is_pending(self) -> bool:
        """Whether it never ended."""
        return self.status.startswith("pending-")


@dataclass
class Record:
    """All revisions of a release, and the objects that the cluster has of it."""

    namespace: str
    revisions: list[Revision] = field(default_factory=list[Revision])
    objects: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def deployed(self) -> Revision | None:
        """The newest that is not pending."""
        return next((each for each in reversed(self.revisions) if not each.is_pending), None)

    @property
    def differs(self) -> list[str]:
        """What is not as the deployed revision has it."""
        pending = [f"revision {each.number} is {each.status}" for each in self.revisions[-1:] if each.is_pending]
        manifest = self.deployed.manifest if self.deployed else {}
        names = [name for name, checksum in manifest.items() if self.objects.get(name) != checksum]
        return [*pending, *(f"{name} is missing or was changed" for name in names)]


def record_of(world: World, identity: str) -> Record | None:
    """The record of a release, by its namespace and name."""
    stored = world.records.get(identity)
    if stored is None:
        return None
    return Record(stored["namespace"], [Revision(**each) for each in stored["revisions"]], dict(stored["objects"]))


def store(world: World, identity: str, record: Record) -> None:
    """Keep it."""
    with world.changed():
        world.records[identity] = asdict(record)


def forget(world: World, identity: str) -> None:
    """Delete all revisions."""
    world.records.pop(identity, None)


def rendered(inputs: Properties) -> dict[str, str]:
    """The objects that the chart makes of these inputs."""
    checksum = digest(inputs.get("values"), inputs.get("version"))
    optional = {"exporter": checksum} if get(inputs, "values.metrics.enabled") else {}
    return {"workload": checksum, **optional}


def operate(world: World, identity: str, operation: str, inputs: Properties) -> int:
    """Install or upgrade; returns the revision's number."""
    record = record_of(world, identity) or Record(inputs["namespace"])
    discards = world.is_forgotten(f"pending {identity}")
    if record.revisions and record.revisions[-1].is_pending:
        if not discards:
            raise Refusal(IN_PROGRESS)
        record.revisions.pop()
    number = max((each.number for each in record.revisions), default=0) + 1
    values: Properties = inputs.get("values") or {}
    version: str = inputs.get("version", "")
    revision = Revision(number, f"pending-{operation}", values, version, rendered(inputs))
    record.revisions.append(revision)
    store(world, identity, record)
    if world.is_killed_half_way:
        raise Refusal("killed")
    for each in record.revisions:
        each.status = "superseded"
    revision.status = "deployed"
    record.objects = dict(revision.manifest)
    store(world, identity, record)
    return number


def repair(world: World, identity: str) -> None:
    """Discard what is pending, and make the objects those of the deployed revision."""
    record = record_of(world, identity)
    if record is None:
        raise Refusal(f"release: not found: {identity}")
    record.revisions = [each for each in record.revisions if not each.is_pending]
    record.objects = dict(record.deployed.manifest) if record.deployed else {}
    store(world, identity, record)


def patched(original: Properties, modified: Properties, current: Properties) -> bool:
    """Whether a three-way merge changes anything: what is in `current` alone is left there."""
    for key, value in modified.items():
        before, now = original.get(key), current.get(key)
        if isinstance(value, dict) and isinstance(now, dict):
            earlier = cast("Properties", before) if isinstance(before, dict) else {}
            if patched(earlier, cast("Properties", value), cast("Properties", now)):
                return True
        elif value != now:
            return True
    return any(key in current for key in original.keys() - modified.keys())
