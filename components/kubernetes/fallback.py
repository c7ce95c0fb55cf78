"""Where the nodes of a cluster find Hero while its home does not give it."""

import base64
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from components.addresses import HUBS_OWN, url_of
from components.kubernetes.cluster import PRIVILEGED, ClusterSettings, fingerprint, move_in
from components.kubernetes.names import name_for
from components.kubernetes.nodes import TOLD, hosts, write
from components.mirrors import FallbackSettings
from components.registry import Registry
from providers.readiness import Readiness

PART = "fallback"


class Fallback(pulumi.ComponentResource):
    """On each node, which registries its containerd asks after Hero's home, in their order.

    Type: `hero:kubernetes:Fallback`. Produces a `pulumi:providers:kubernetes`, a `kubernetes:core/v1:Namespace`, a
    `kubernetes:core/v1:Secret`, a `kubernetes:apps/v1:DaemonSet` that writes it behind what is there for the home's
    address in `hosts.toml`, or makes that file, and takes it away when it goes; and a `hero-home:provider:Readiness`
    that waits for it. The container runtime is not restarted.
    """

    def __init__(
        self,
        name: str,
        home: Registry,
        mirrors: Mapping[str, Registry],
        settings: FallbackSettings,
        cluster: ClusterSettings,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`mirrors` are those that nodes reach, by their choices; in each the image's path ends as it does at home."""
        super().__init__("hero:kubernetes:Fallback", name, None, opts)
        there = move_in(name, cluster, name_for(PART), keep=False, parent=self, labels=PRIVILEGED, after=after)
        told = _told(there.name, home, mirrors, settings)
        placed = pulumi.ResourceOptions(parent=self, provider=there.provider)
        metadata: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": PART, "namespace": there.namespace}
        written = kubernetes.core.v1.Secret(f"{name}-told", metadata=metadata, string_data=told, opts=placed)
        mark = pulumi.Output.unsecret(fingerprint(told))
        volume: kubernetes.core.v1.VolumeArgsDict = {"name": TOLD, "secret": {"secret_name": PART}}
        runs = write(name, there, home.address, there.name, mark, volume, written, self)
        Readiness(
            f"{name}-readiness",
            kubeconfig=cluster.file or "",
            context=cluster.context or "",
            namespace=there.namespace,
            settled=fingerprint({"in": there.identity, "told": mark}),
            patience=cluster.patience,
            url="",
            ca_certificate="",
            plain_http=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[runs]),
        )
        self.register_outputs({"mirrors": [*mirrors]})


def _told(
    part: str, home: Registry, mirrors: Mapping[str, Registry], settings: FallbackSettings
) -> pulumi.Output[dict[str, str]]:
    """Each file by its name; a secret where there are passwords."""
    tables = [
        _table(f"{part}.{choice}.crt", home, mirror, logins=settings.logins) for choice, mirror in mirrors.items()
    ]
    base = home.address.apply(
        lambda address: hosts(
            url_of(address, plain_http=home.plain_http),
            f"{part}.ca.crt" if home.ca_certificate is not None else "",
            None,
        )
    )
    files: dict[str, pulumi.Input[str]] = {
        "hosts.toml": base,
        "ca.crt": home.ca_certificate or "",
        "mirrors.behind": pulumi.Output.concat(*tables),
        **{f"{choice}.crt": mirror.ca_certificate or "" for choice, mirror in mirrors.items()},
    }
    return pulumi.Output.all(**files)


def _table(certificate: str, home: Registry, mirror: Registry, *, logins: bool) -> pulumi.Output[str]:
    known = [home.address, home.repository, mirror.address, mirror.repository]
    login = [mirror.puller.username, mirror.puller.password] if logins else []
    return pulumi.Output.all(*known, *login).apply(
        lambda known: table(
            url_of(known[2], plain_http=mirror.plain_http),
            before(known[1].removeprefix(f"{known[0]}/"), known[3].removeprefix(f"{known[2]}/")),
            certificate if mirror.ca_certificate is not None else "",
            known[4:],
        )
    )


def table(server: str, path: str, certificate: str, login: Sequence[str]) -> str:
    """What `hosts.toml` says of one more registry: where in it what path begins, its certificate, and a login.

    A login is not looked for in the pod's pull secret, which is for the home.
    https://github.com/containerd/containerd/blob/main/docs/hosts.md
    """
    host = f"{server}/v2/{path}" if path else server
    lines = [f'[host."{host}"]', '  capabilities = ["pull", "resolve"]']
    if path:
        lines.append("  override_path = true")
    if certificate:
        lines.append(f'  ca = "{certificate}"')
    # The Hub gives a token for a login, and takes none itself.
    if login and not server.endswith(f"//{HUBS_OWN}"):
        basic = base64.b64encode(":".join(login).encode()).decode()
        lines += [f'[host."{host}".header]', f'  authorization = "Basic {basic}"']
    return "\n".join(lines) + "\n"


def before(path: str, mirrored: str) -> str:
    """What is before the path of an image at home in its path in a mirror."""
    return mirrored.removesuffix(path).strip("/")
