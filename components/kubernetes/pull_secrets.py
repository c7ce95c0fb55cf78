"""The puller's login where a cluster's pods find it."""

import base64
import json
from collections.abc import Sequence

import pulumi
from pydantic import Field, field_validator

from components.kubernetes.cluster import ClusterSettings, connect
from components.kubernetes.names import Label, name_of_stack
from components.registry import Registry
from components.settings import Block, check_once


class PullSecretsSettings(Block):
    """The block `hero:pullSecrets`."""

    namespaces: list[Label] = Field(
        default=[],
        description="Existing namespaces that get the Secret, each once.",
        examples=[["default"]],
    )
    name: Label | None = Field(
        default=None,
        description="The Secret's name for imagePullSecrets: up to 63 characters of a-z 0-9 -. Default: "
        "hero-<stack>-pull.",
        examples=["hero-pull"],
    )

    @field_validator("namespaces")
    @classmethod
    def _check_once(cls, names: list[str]) -> list[str] | None:
        return check_once(names)


class PullSecrets(pulumi.ComponentResource):
    """A Secret of the pullers' logins in each of the namespaces; another password reaches all of them in one `up`.

    Type: `hero:kubernetes:PullSecrets`. Produces a `pulumi:providers:kubernetes` and a `kubernetes:core/v1:Secret` of
    type `kubernetes.io/dockerconfigjson` for each namespace.
    """

    def __init__(
        self,
        name: str,
        registries: Sequence[Registry],
        settings: PullSecretsSettings,
        cluster: ClusterSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("hero:kubernetes:PullSecrets", name, None, opts)
        import pulumi_kubernetes as kubernetes  # noqa: PLC0415 - takes as long to import as all the rest

        provider = connect(f"{name}-cluster", cluster, pulumi.ResourceOptions(parent=self))
        # Of its own, so that two stacks can serve one namespace.
        secret_name = settings.name or f"hero-{name_of_stack()}-pull"
        for namespace in settings.namespaces:
            kubernetes.core.v1.Secret(
                f"{name}-{namespace}",
                metadata={"name": secret_name, "namespace": namespace},
                type="kubernetes.io/dockerconfigjson",
                string_data={".dockerconfigjson": docker_config(registries)},
                opts=pulumi.ResourceOptions(
                    parent=self, provider=provider, depends_on=registries, delete_before_replace=True
                ),
            )
        self.register_outputs({"namespaces": settings.namespaces, "name": secret_name})


def docker_config(registries: Sequence[Registry]) -> pulumi.Output[str]:
    """The pullers' logins as clients keep them in config.json; a secret.

    Docker Hub's is there by two names: whoever reads it for Nydus looks for the one that images begin with, and for no
    other. https://github.com/containerd/nydus-snapshotter/blob/v0.16.1/pkg/auth/docker.go
    """
    logins = [
        pulumi.Output.all(key, each.puller.username, each.puller.password)
        for each in registries
        for key in (each.auth_key, each.address)
    ]
    return pulumi.Output.all(*logins).apply(
        lambda known: json.dumps({"auths": {key: _login(*login) for key, *login in known}})
    )


def _login(username: str, password: str) -> dict[str, str]:
    # Some readers take the two, others the two joined.
    joined = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"username": username, "password": password, "auth": joined}
