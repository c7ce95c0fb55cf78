"""Data that is somebody's goes with no stack."""

from collections.abc import Iterator

from policies.rule import Resource, Rule, Said

# What holds images and what is known of them.
KEEPERS = (
    "hero-home:provider:DockerHubRepository",
    "hero-home:provider:HarborProject",
    "hero-home:provider:RegistryProcess",
    "harbor:index/project:Project",
    "kubernetes:core/v1:PersistentVolumeClaim",
)


def check(resource: Resource, said: Said) -> Iterator[str]:
    """Kept by the registry's `keepData`, or protected by Pulumi."""
    if not said.production or resource.type not in KEEPERS or resource.protected:
        return
    if not resource.inputs.get("keepData", said.keep_data):
        yield "`pulumi destroy` would take its data along: set `keepData` of the registry, or protect it"


PRODUCTION_DATA_PROTECTED = Rule(
    "production-data-protected", "With `policy:production`, the data outlives the stack.", check
)
