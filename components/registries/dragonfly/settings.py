"""What a stack may say of Dragonfly."""

from enum import StrEnum

from pydantic import Field

from components.kubernetes.names import Label, name_for
from components.kubernetes.storage import Size
from components.registries.dragonfly.outside import Database, Redis
from components.settings import Block, FilledText, Text


class Footprint(StrEnum):
    """How much of a cluster Dragonfly takes."""

    LAPTOP = "laptop"
    CLUSTER = "cluster"


class Preheat(StrEnum):
    """Who has a new image before anybody asks for it."""

    OFF = "off"
    SEEDS = "seeds"
    NODES = "nodes"


class DragonflySettings(Block):
    """The block `hero:dragonfly`."""

    origin: FilledText = Field(
        description="The registry type that stores the image. It has its own block; Dragonfly changes only how "
        "nodes pull.",
        examples=["zot"],
    )
    size: Footprint = Field(
        default=Footprint.LAPTOP,
        description="laptop (one replica of each part, small volumes) or cluster (three of each).",
        examples=["laptop"],
    )
    storage: Size | None = Field(
        default=None,
        description="Size of the PVC of each seed peer, such as 10Gi. Default: 10Gi with laptop, 100Gi with cluster.",
        examples=["10Gi"],
    )
    storage_class: FilledText | None = Field(
        default=None,
        description="StorageClass of the PVCs. Default: the cluster's default.",
        examples=["standard"],
    )
    preheat: Preheat | None = Field(
        default=None,
        description="Which peers fetch each new image before it is pulled: seeds, nodes (all nodes) or off. "
        "Default: seeds; off if pods cannot reach the origin.",
        examples=["off"],
    )
    database: Database | None = Field(
        default=None,
        description="Use an existing MySQL. Default: one is installed.",
        examples=[{"host": "mysql.example.com", "username": "dragonfly", "password": "PASSWORD"}],
    )
    redis: Redis | None = Field(
        default=None,
        description="Use an existing Redis. Default: one is installed.",
        examples=[{"addresses": ["redis.example.com:6379"], "insecurePlaintext": True}],
    )
    service_monitor: bool = Field(
        default=False,
        description="Create a ServiceMonitor of the Prometheus operator for each part.",
        examples=["false"],
    )
    namespace: Label | None = Field(
        default=None,
        description="Dragonfly's own namespace: up to 63 characters of a-z 0-9 -. Default: hero-<stack>-dragonfly.",
        examples=["dragonfly"],
    )
    rotate: Text = Field(
        default="",
        description="Credentials version: change it to rotate the manager's password, its signing key and the "
        "token for preheats.",
        examples=["2026-11"],
    )

    @property
    def own_namespace(self) -> str:
        """The namespace that is Dragonfly's alone."""
        return self.namespace or name_for("dragonfly")
