"""The cluster that a stack speaks to."""

from pathlib import Path

import pulumi
from pydantic import Field, field_validator

from components.settings import Block, FilledText


class ClusterSettings(Block):
    """The block `hero:cluster`; without it, the cluster that kubectl would speak to."""

    kubeconfig: FilledText | None = Field(
        default=None,
        description="a file that says how the cluster is reached; KUBECONFIG or ~/.kube/config where none is given",
        examples=["./kubeconfig"],
    )
    context: FilledText | None = Field(
        default=None,
        description="the name of a context in the kubeconfig; its current one where none is given",
        examples=["kind-hero"],
    )

    @field_validator("kubeconfig")
    @classmethod
    def _check_kubeconfig(cls, kubeconfig: str | None) -> str | None:
        if kubeconfig is not None and not Path(kubeconfig).expanduser().is_file():
            raise ValueError("there is no such file")
        return kubeconfig


def connect(name: str, settings: ClusterSettings, opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    """The provider through which everything of the stack comes into the cluster.

    Type: `pulumi:providers:kubernetes`. An object that a run made and could not record, because it was killed, is taken
    over by the next one instead of being in its way.
    """
    import pulumi_kubernetes as kubernetes  # noqa: PLC0415 - takes as long to import as all the rest

    return kubernetes.Provider(
        name,
        kubeconfig=str(Path(settings.kubeconfig).expanduser()) if settings.kubeconfig else None,
        context=settings.context,
        upsert_existing_objects=True,
        opts=opts,
    )
