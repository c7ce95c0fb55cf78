"""Dragonfly before a registry: what one node has fetched of an image, others get from it and not from the registry."""

from typing import Any

import pulumi

from components.addresses import HUB, HUBS_OWN, scheme_of
from components.kubernetes.charts import DRAGONFLY, install
from components.kubernetes.cluster import PRIVILEGED, ClusterSettings, fingerprint, move_in
from components.kubernetes.nodes import Mirror, Nodes
from components.registries.dragonfly.chart import Parts, claimed, values_of
from components.registries.dragonfly.configuration import (
    HEALTH_PORT,
    PROXY_PORT,
    RELEASE,
    REST_PORT,
    proxy,
    upstream,
)
from components.registries.dragonfly.secrets import make_secrets
from components.registries.dragonfly.settings import DragonflySettings, Preheat
from components.registry import Fetcher, Proxy, Registry
from providers.dragonfly import DragonflyAccount, DragonflyPreheat, Manager
from providers.readiness import Readiness

PROXY = f"http://127.0.0.1:{PROXY_PORT}"
# As the manager's API has them.
SCOPES = {Preheat.SEEDS: "all_seed_peers", Preheat.NODES: "all_peers"}


class Dragonfly(Registry):
    """A Dragonfly before an origin, which is another choice: all that a Registry promises is the origin's.

    Type: `hero:registry:Dragonfly`. Produces a `pulumi:providers:kubernetes`, a `kubernetes:core/v1:Namespace`, what
    `make_secrets` makes, a `kubernetes:helm.sh/v3:Release`, a `hero:kubernetes:Nodes` that has each node ask Dragonfly
    before the origin, a `hero-home:provider:Readiness` that waits for all of it, and a
    `hero-home:provider:DragonflyAccount`; unless nothing is to be preheated, a Harbor as the origin is told of that by
    a `hero-home:provider:HarborPreheat`. The origin is made before it and belongs to the stack itself.
    """

    def __init__(
        self,
        name: str,
        settings: DragonflySettings,
        origin: Registry,
        cluster: ClusterSettings,
        *,
        everywhere: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`everywhere` says that the origin's address leads to it from pods too, and not only from its own machine."""
        super().__init__("hero:registry:Dragonfly", name, None, opts)
        self._name = name
        self._settings = settings
        self._origin = origin
        # It has no images of its own, only copies.
        self._cluster = move_in(
            name,
            cluster,
            settings.own_namespace,
            keep=False,
            parent=self,
            labels=PRIVILEGED,
            after=[origin],
            # What the chart claims is a StatefulSet's, which Kubernetes changes for nobody.
            trigger=claimed(settings),
        )
        self._secrets = make_secrets(name, settings, origin.ca_certificate, self._cluster, self)
        parts = Parts(self._secrets, self._proxied(), origin.ca_certificate is not None, has_seeds=everywhere)
        values = values_of(settings, cluster, parts)
        placed = pulumi.ResourceOptions(parent=self, provider=self._cluster.provider)
        release = install(f"{name}-release", DRAGONFLY, RELEASE, values, self._cluster, placed)
        well = self._wait(values, [release, self._tell_nodes()])
        account = self._sign_in(well)
        scope = SCOPES.get(settings.preheat or Preheat.SEEDS) if everywhere else None
        self._fetcher = self._fetch_by(account, scope) if scope else None
        if self._fetcher:
            after = pulumi.ResourceOptions(parent=self, depends_on=[origin])
            # Of what anybody but this stack pushes, only the origin knows.
            origin.tell_of(self._fetcher, f"{name}-policy", after)
        self.promise(
            address=origin.address,
            path=origin.repository.apply(lambda repository: repository.partition("/")[2]),
            pusher=origin.pusher,
            puller=origin.puller,
            page=origin.page,
            ca_certificate=origin.ca_certificate,
            plain_http=origin.plain_http,
            keeps_images=origin.keeps_images,
            storage=origin.storage,
            identity_key=origin.identity_key,
        )
        self.auth_key = origin.auth_key
        self.directory, self.is_whole, self.administrator = origin.directory, origin.is_whole, origin.administrator
        self.proxy = Proxy(PROXY, f"http://127.0.0.1:{HEALTH_PORT}/healthy")

    def admit(self, name: str, digest: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
        """The digest, once the origin has admitted it and whoever is to have it early has it."""
        return self.spread(name, self._origin.admit(name, digest, parent), parent)

    def spread(self, name: str, digest: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
        """The digest, once whoever is to have it early has it.

        Type, unless nothing is preheated: `hero-home:provider:DragonflyPreheat`.
        """
        if self._fetcher is None:
            return digest
        origin, plain_http = self._origin, self._origin.plain_http
        base = origin.address.apply(lambda address: upstream(address, plain_http=plain_http))
        fetched = DragonflyPreheat(
            f"{name}-preheat",
            manager=self._manager,
            token=self._fetcher.token,
            repository=pulumi.Output.concat(
                base, "/v2/", origin.repository.apply(lambda repository: repository.partition("/")[2])
            ),
            digest=digest,
            username=origin.puller.username,
            password=origin.puller.password,
            ca_certificate=origin.ca_certificate or "",
            scope=self._fetcher.scope,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[self]),
        )
        return fetched.digest

    @property
    def _manager(self) -> Manager:
        cluster = self._cluster
        return Manager(
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            release=RELEASE,
            port=REST_PORT,
            identity=cluster.identity,
            patience=cluster.settings.patience,
        )

    def _proxied(self) -> pulumi.Output[dict[str, Any]]:
        origin = self._origin
        plain_http, has_authority = origin.plain_http, origin.ca_certificate is not None
        return origin.address.apply(
            lambda address: proxy(address, plain_http=plain_http, has_authority=has_authority),
        )

    def _tell_nodes(self) -> pulumi.Resource:
        origin = self._origin
        plain_http = origin.plain_http
        server = origin.address.apply(lambda address: HUBS_OWN if address == HUB else address)
        scheme = origin.address.apply(lambda address: scheme_of(address, plain_http=plain_http))
        asked = origin.address.apply(lambda address: upstream(address, plain_http=plain_http))
        return Nodes(
            f"{self._name}-nodes",
            self._cluster,
            origin.address,
            scheme,
            origin.ca_certificate,
            pulumi.ResourceOptions(parent=self),
            mirror=Mirror(PROXY, server, asked),
        )

    def _sign_in(self, well: pulumi.Resource) -> DragonflyAccount:
        """Also where nothing is preheated: else whoever is in the cluster has the manager's first account."""
        # A database that comes along goes with the namespace, and one from outside is left as it was found.
        goes_with = None if self._settings.database else self._cluster.home
        return DragonflyAccount(
            f"{self._name}-account",
            manager=self._manager,
            password=self._secrets.account,
            generation=self._settings.rotate,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[well], deleted_with=goes_with),
        )

    def _fetch_by(self, account: DragonflyAccount, scope: str) -> Fetcher:
        namespace = self._cluster.namespace
        url = pulumi.Output.concat(f"http://{RELEASE}-manager.", namespace, f".svc:{REST_PORT}")
        return Fetcher(namespace, url, account.token, scope)

    def _wait(self, values: dict[str, Any], after: list[pulumi.Resource]) -> Readiness:
        cluster = self._cluster
        return Readiness(
            f"{self._name}-readiness",
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            settled=fingerprint({"chart": DRAGONFLY.version, "in": cluster.identity, "values": values}),
            patience=cluster.settings.patience,
            url="",
            release=RELEASE,
            ca_certificate="",
            plain_http=False,
            # Whoever waits for this waits for the origin too.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after, self._origin]),
        )
