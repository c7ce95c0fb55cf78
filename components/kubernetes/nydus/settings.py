"""The block `hero:nydus`: whether a cluster's nodes can start images in the form of Nydus before they have arrived."""

from pydantic import Field, field_validator

from components.kubernetes.names import Label, name_for
from components.settings import Block, Text

# Sockets lie below a folder of this name, and the whole path of one has 107 characters at most.
LONGEST_NAME = 50


class NydusSettings(Block):
    """The block `hero:nydus`; without it, no node is touched."""

    snapshotter: bool = Field(
        default=False,
        description="Install the Nydus snapshotter on each node. containerd is restarted once.",
        examples=["true"],
    )
    runtime_class: Label | None = Field(
        default=None,
        description="The RuntimeClass for pods with Nydus images: up to 50 characters of a-z 0-9 -. Default: "
        "hero-<stack>-nydus.",
        examples=["nydus"],
    )
    node_selector: dict[str, Text] = Field(
        default={},
        description="Labels of the nodes that get the snapshotter: a map of strings. Default: all nodes.",
        examples=[{"pool": "lazy"}],
    )
    fetch_all: bool = Field(
        default=False,
        description="Fetch the rest of an image after the prefetch. With false, a node fetches only what is read.",
        examples=["true"],
    )
    restart_containerd: bool = Field(
        default=True,
        description="Restart containerd if systemd manages it. With false, each node waits until somebody "
        "restarts it; containers keep running either way.",
        examples=["false"],
    )
    every_pull_secret: bool = Field(
        default=False,
        description="Read the pull secrets of every namespace, for private images of other registries. Risk: root"
        " on a node can then read all Secrets of the cluster.",
        examples=["true"],
    )

    @field_validator("runtime_class")
    @classmethod
    def _check_runtime_class(cls, name: str | None) -> str | None:
        if name is not None and len(name) > LONGEST_NAME:
            raise ValueError(f"longer than {LONGEST_NAME} characters")
        return name

    @property
    def name(self) -> str:
        """Of the RuntimeClass, and of all that is the snapshotter's in the cluster and on its nodes."""
        return self.runtime_class or name_for("nydus", LONGEST_NAME)
