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
        description="where the image lives: the name of another choice, which has its own block; Dragonfly changes "
        "only how nodes pull it",
        examples=["zot"],
    )
    size: Footprint = Field(
        default=Footprint.LAPTOP,
        description="laptop, which is one of each part with small volumes | cluster, which is three of each",
        examples=["laptop"],
    )
    storage: Size | None = Field(
        default=None,
        description="how much the claim of each seed asks for, such as 10Gi; where it is not given, 10Gi for laptop "
        "and 100Gi for cluster",
        examples=["10Gi"],
    )
    storage_class: FilledText | None = Field(
        default=None,
        description="the claims' StorageClass; the cluster's default where none is given",
        examples=["standard"],
    )
    preheat: Preheat | None = Field(
        default=None,
        description="who fetches each new image before anybody pulls it: seeds, of which nodes then get it | nodes, "
        "each of them | off; seeds where it is not given, and off where pods cannot reach the origin",
        examples=["off"],
    )
    database: Database | None = Field(
        default=None,
        description="a map with host, port, username, password, name and insecurePlaintext: a MySQL that is there "
        "already; without it one comes along",
        examples=[{"host": "mysql.example.com", "username": "dragonfly", "password": "PASSWORD"}],
    )
    redis: Redis | None = Field(
        default=None,
        description="a map with addresses, sentinelMaster, username, password and "
        "insecurePlaintext: a Redis that is there already; without it one comes along",
        examples=[{"addresses": ["redis.example.com:6379"], "insecurePlaintext": True}],
    )
    service_monitor: bool = Field(
        default=False,
        description="true for a ServiceMonitor of the Prometheus operator for each part, or false",
        examples=["false"],
    )
    namespace: Label | None = Field(
        default=None,
        description="a namespace that is Dragonfly's alone; up to 63 of a-z 0-9 -; hero-<stack>-dragonfly where none "
        "is given",
        examples=["dragonfly"],
    )
    rotate: Text = Field(
        default="",
        description="any text; another text gives the manager's account another password, its tokens another key, and "
        "preheats another token",
        examples=["2026-11"],
    )

    @property
    def own_namespace(self) -> str:
        """The namespace that is Dragonfly's alone."""
        return self.namespace or name_for("dragonfly")
