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
        description="whether each node gets the snapshotter that starts Nydus images lazily: true or false; containerd "
        "is restarted once for it",
        examples=["true"],
    )
    runtime_class: Label | None = Field(
        default=None,
        description="the RuntimeClass by which pods choose it; up to 50 of a-z 0-9 -; hero-<stack>-nydus where none is "
        "given",
        examples=["nydus"],
    )
    node_selector: dict[str, Text] = Field(
        default={},
        description="a map of labels: the nodes that get it, where not all of them do",
        examples=[{"pool": "lazy"}],
    )
    fetch_all: bool = Field(
        default=False,
        description="whether a node goes on after what is fetched ahead until it has all of an image: true, or false, "
        "where it fetches of the rest what is read",
        examples=["true"],
    )
    restart_containerd: bool = Field(
        default=True,
        description="whether containerd is restarted where systemd runs it: true or false, which waits on each node "
        "until somebody has done so; containers run on either way",
        examples=["false"],
    )
    every_pull_secret: bool = Field(
        default=False,
        description="whether it reads the pull secrets of every namespace, for images that this stack's puller may not "
        "pull: true or false; the risk: whoever is root on a node can then read all Secrets of the cluster",
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
