"""The cluster that a stack speaks to, and the stack's own namespace in it."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pydantic import Field, field_validator

from components.settings import Block, FilledText

# A host with an optional path, as image references begin; without https:// and without a tag.
MIRROR = re.compile(r"[a-zA-Z0-9.-]+(:\d{1,5})?(/[a-z0-9._-]+)*")
DEFAULT_PATIENCE = 600
# Labels of a namespace whose pods reach into their nodes.
# https://kubernetes.io/docs/concepts/security/pod-security-standards/
PRIVILEGED = {"pod-security.kubernetes.io/enforce": "privileged"}


class ClusterSettings(Block):
    """The block `hero:cluster`; without it, the cluster that kubectl would speak to."""

    kubeconfig: FilledText | None = Field(
        default=None,
        description="The kubeconfig file. Default: KUBECONFIG or ~/.kube/config.",
        examples=["./kubeconfig"],
    )
    context: FilledText | None = Field(
        default=None,
        description="The context in the kubeconfig. Default: its current context.",
        examples=["kind-hero"],
    )
    charts: FilledText | None = Field(
        default=None,
        description="Where charts come from instead of their own repositories: a directory with packed or "
        "unpacked charts, or a repository starting with https:// or oci://.",
        examples=["./charts"],
    )
    images: FilledText | None = Field(
        default=None,
        description="host[:port][/path] of a mirror that has the charts' images under their own paths.",
        examples=["registry.example.com/mirror"],
    )
    patience: int = Field(
        default=DEFAULT_PATIENCE,
        ge=1,
        le=24 * 60 * 60,
        description="Timeout in seconds for everything in the cluster to become ready, 1 to 86400.",
        examples=["600"],
    )
    certs_directory: FilledText = Field(
        default="/etc/containerd/certs.d",
        description="The directory on each node that containerd reads registry configuration from. containerd: "
        "`config_path`.",
        examples=["/etc/containerd/certs.d"],
    )

    @field_validator("kubeconfig")
    @classmethod
    def _check_kubeconfig(cls, kubeconfig: str | None) -> str | None:
        if kubeconfig is not None and not Path(kubeconfig).expanduser().is_file():
            raise ValueError("there is no such file")
        return kubeconfig

    @field_validator("charts")
    @classmethod
    def _check_charts(cls, charts: str | None) -> str | None:
        if charts is not None and "://" not in charts and not Path(charts).expanduser().is_dir():
            raise ValueError("there is no such folder")
        return charts

    @field_validator("images")
    @classmethod
    def _check_images(cls, images: str | None) -> str | None:
        if images is not None and not MIRROR.fullmatch(images):
            raise ValueError("not host[:port][/path], without https:// and without a tag")
        return images

    @field_validator("certs_directory")
    @classmethod
    def _check_certs_directory(cls, folder: str) -> str:
        if not folder.startswith("/") or folder.endswith("/"):
            raise ValueError("not the path of a folder, from / on and without one at its end")
        return folder

    @property
    def file(self) -> str | None:
        """The kubeconfig as a path that others than a shell understand."""
        return str(Path(self.kubeconfig).expanduser()) if self.kubeconfig else None


@dataclass(frozen=True)
class Cluster:
    """The way into a cluster, and the namespace there that is the stack's own."""

    settings: ClusterSettings
    provider: pulumi.ProviderResource
    home: pulumi.Resource
    """The namespace itself, with which all goes that is in it."""
    name: str
    """Of the namespace."""
    namespace: pulumi.Output[str]
    """The same, once it is there."""
    identity: pulumi.Output[str]
    """Of the namespace; another one where it is not the same any more, with all that was in it."""


def connect(name: str, settings: ClusterSettings, opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    """The provider through which everything of the stack comes into the cluster.

    Type: `pulumi:providers:kubernetes`. An object that a run made and could not record, because it was killed, is taken
    over by the next one instead of being in its way.
    """
    import pulumi_kubernetes as kubernetes  # noqa: PLC0415 - takes as long to import as all the rest

    return kubernetes.Provider(
        name,
        kubeconfig=settings.file,
        context=settings.context,
        upsert_existing_objects=True,
        # Otherwise another password takes a Secret away before it comes again, and pods find none in between.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
        opts=opts,
    )


def move_in(
    name: str,
    settings: ClusterSettings,
    namespace: str,
    *,
    keep: bool,
    parent: pulumi.Resource,
    labels: dict[str, str] | None = None,
    after: Sequence[pulumi.Resource] = (),
    trigger: str | None = None,
) -> Cluster:
    """A namespace of the stack's own, which goes with the stack unless it is to be kept; `after` goes later than it.

    With another `trigger` it goes with all that is in it, and comes again.

    Types: `pulumi:providers:kubernetes` and `kubernetes:core/v1:Namespace`.
    """
    import pulumi_kubernetes as kubernetes  # noqa: PLC0415 - takes as long to import as all the rest

    provider = connect(f"{name}-cluster", settings, pulumi.ResourceOptions(parent=parent))
    metadata: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": namespace}
    if labels:
        metadata["labels"] = labels
    made = kubernetes.core.v1.Namespace(
        f"{name}-namespace",
        metadata=metadata,
        opts=pulumi.ResourceOptions(
            parent=parent,
            provider=provider,
            retain_on_delete=keep,
            delete_before_replace=True,
            depends_on=list(after),
            replacement_trigger=trigger,
        ),
    )
    return Cluster(settings, provider, made, namespace, made.metadata.apply(name_of), made.metadata.apply(uid_of))


def fingerprint(content: pulumi.Input[Any]) -> pulumi.Output[str]:
    """Another one where the content is another; a secret where something in it is."""
    return pulumi.Output.json_dumps(content).apply(lambda text: hashlib.sha256(text.encode()).hexdigest())


def name_of(metadata: Any) -> str:  # noqa: ANN401 - a class of the SDK's that takes long to import
    """An object's name, which waits until the object is there."""
    return metadata["name"]


def uid_of(metadata: Any) -> str:  # noqa: ANN401
    """What an object has in common with no other, not even with one of its name that comes after it."""
    # A preview does not know it yet.
    return metadata.get("uid") or ""
