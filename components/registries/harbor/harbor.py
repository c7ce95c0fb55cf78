"""Harbor by its own chart, what is in it, and what clients and nodes need to reach it."""

import re
from collections.abc import Sequence
from urllib.parse import quote

import pulumi
import pulumi_kubernetes as kubernetes

from components.image_settings import ImageSettings
from components.kubernetes.certificates import Certificate, certify
from components.kubernetes.charts import HARBOR, install
from components.kubernetes.claims import claim
from components.kubernetes.cluster import ClusterSettings, fingerprint, move_in, name_of, uid_of
from components.kubernetes.nodes import Nodes
from components.registries.harbor.chart import NODE_PORT, RELEASE, Parts, values_of
from components.registries.harbor.inside import Guarded, make_heros_robots, make_other_robots, make_project
from components.registries.harbor.projects import HEROS_LOGINS
from components.registries.harbor.secrets import ADMINISTRATOR, Secrets, make_secrets
from components.registries.harbor.settings import HarborSettings
from components.registry import Fetcher, Login, Registry
from providers.harbor import Administrator, HarborPreheat, HarborProject, HarborScan
from providers.readiness import Readiness
from providers.resource import camel_case

IMAGES, DATABASE = "registry", "database"
# How the chart calls a part, and what is on its claim.
CLAIMED = {IMAGES: "images", DATABASE: "database", "redis": "queue", "trivy": "lists"}
SIZE_OF_QUEUE, SIZE_OF_LISTS = "1Gi", "5Gi"


class Harbor(Registry):
    """A Harbor in a namespace of the stack's own, with a project for Hero, a robot that pushes and one that pulls.

    Type: `hero:registry:Harbor`. Produces a `pulumi:providers:kubernetes`, a `kubernetes:core/v1:Namespace`, what
    `make_secrets` makes, a `kubernetes:core/v1:PersistentVolumeClaim` each for images, the database, Redis and Trivy
    unless the stack brings its own, a certificate (see `certify`), a `kubernetes:helm.sh/v3:Release`, a
    `hero:kubernetes:Nodes`, a `hero-home:provider:Readiness` that waits until all pods are ready and Harbor answers,
    for each project a `hero-home:provider:HarborProject`, for each robot a `hero-home:provider:HarborRobot` with its
    password, what `Rules` makes, and a second Readiness that waits until the pusher may push.
    """

    def __init__(
        self,
        name: str,
        settings: HarborSettings,
        image: ImageSettings,
        cluster: ClusterSettings,
        *,
        discard: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """With `discard`, images may be deleted that the stack has not pushed."""
        super().__init__("hero:registry:Harbor", name, None, opts)
        self._name = name
        self._settings = settings
        self._image = image
        self._discard = discard
        self._address = settings.address(NODE_PORT)
        self._url = f"{settings.scheme}://{self._address}"
        self._path = f"{settings.project.name}/{image.name}"
        self._cluster = move_in(
            name,
            cluster,
            settings.own_namespace,
            keep=settings.keep_data,
            parent=self,
            labels=settings.namespace_labels,
        )
        self._certificate = certify(name, settings, [], self._cluster, self)
        secrets = make_secrets(name, settings, self._cluster, self)
        self._administrator = Administrator(self._url, ADMINISTRATOR, secrets.administrators_password, self._authority)
        claims = self._claims()
        self.administrator = camel_case(self._administrator.inputs())
        release, self._settled = self._release(secrets, claims)
        told = self._tell_nodes()
        self._answers = self._wait(f"{name}-answers", self._settled, [release, *told], self, release=RELEASE)
        data = self._data(claims.get(DATABASE))
        self._gone_with_it = self._going_with_it(data)
        project, pusher, puller = self._fill(data)
        self.promise(
            address=self._address,
            path=self._path,
            pusher=pusher,
            puller=puller,
            page=pulumi.Output.concat(self._url, "/harbor", project.id, "/repositories/", quote(image.name, safe="")),
            ca_certificate=self._authority,
            plain_http=settings.insecure_http,
            keeps_images=settings.keep_data,
            # What another database does not know is not there, though the layers are.
            storage=pulumi.Output.concat(
                claims[IMAGES].metadata.apply(uid_of) if IMAGES in claims else self._cluster.identity, " ", data
            ),
        )

    def admit(self, name: str, digest: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
        """The digest, once Harbor says that it is well, and after a scan that found nothing as bad as what is blocked.

        Types: `hero-home:provider:Readiness` and, where the stack blocks anything, `hero-home:provider:HarborScan`.
        Harbor asks its parts each ten seconds how they are, and the image need not wait for it to have heard. Of what
        its project blocks it hands out nothing before the scan, so that whoever hears of it earlier is refused:
        https://github.com/goharbor/harbor/blob/v2.15.1/src/server/middleware/vulnerable/vulnerable.go
        """
        well = self._wait(f"{name}-health", self._settled, [self], parent, path="health")
        digest = pulumi.Output.all(digest, well.id).apply(lambda known: str(known[0]))
        blocks = self._settings.blocks
        if blocks is None:
            return digest
        project, _, repository = self._path.partition("/")
        scan = HarborScan(
            f"{name}-scan",
            administrator=self._administrator,
            project=project,
            repository=repository,
            digest=digest,
            block=str(blocks),
            patience=self._cluster.settings.patience,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        return scan.digest

    def tell_of(self, fetcher: Fetcher, name: str, opts: pulumi.ResourceOptions) -> None:
        """Have Harbor hand on what is pushed to Hero's project.

        Type: `hero-home:provider:HarborPreheat`.
        """
        HarborPreheat(
            name,
            administrator=self._administrator,
            project=self._settings.project.name,
            # Harbor wants words with single signs between them. With what stands before it, nobody else calls one so.
            preheat=fetcher.namespace.apply(lambda namespace: f"hero.{re.sub('-+', '-', namespace)}"),
            manager=fetcher.url,
            token=fetcher.token,
            scope=fetcher.scope,
            opts=pulumi.ResourceOptions.merge(self._gone_with_it, opts),
        )

    def _data(self, claimed: kubernetes.core.v1.PersistentVolumeClaim | None) -> pulumi.Input[str]:
        given = self._settings.database
        if claimed:
            return claimed.metadata.apply(uid_of)
        return f"{given.host}:{given.port}/{given.name}" if given else ""

    @property
    def _authority(self) -> pulumi.Output[str] | None:
        certificate: Certificate | None = self._certificate
        return certificate.authority if certificate else None

    def _claims(self) -> dict[str, kubernetes.core.v1.PersistentVolumeClaim]:
        """By the part of the chart that each is for."""
        settings = self._settings
        sizes = {
            IMAGES: settings.size if settings.on_claim else None,
            DATABASE: None if settings.database else settings.database_size,
            "redis": None if settings.redis else SIZE_OF_QUEUE,
            "trivy": SIZE_OF_LISTS if settings.scan.scanner else None,
        }
        return {part: self._claim(CLAIMED[part], size) for part, size in sizes.items() if size}

    def _claim(self, what: str, size: str) -> kubernetes.core.v1.PersistentVolumeClaim:
        return claim(
            f"{self._name}-{what}-claim",
            f"{RELEASE}-{what}",
            size,
            self._settings.storage_class,
            self._cluster,
            keep=self._settings.keep_data,
            opts=pulumi.ResourceOptions(parent=self, provider=self._cluster.provider),
        )

    def _release(
        self, secrets: Secrets, claims: dict[str, kubernetes.core.v1.PersistentVolumeClaim]
    ) -> tuple[pulumi.Resource, pulumi.Output[str]]:
        """The release, and a text that is another one whenever the release is told something else."""
        cluster = self._cluster
        names = {part: each.metadata.apply(name_of) for part, each in claims.items()}
        parts = Parts(secrets, self._certificate, names)
        values = values_of(self._settings, cluster.settings, self._url, parts)
        opts = pulumi.ResourceOptions(parent=self, provider=cluster.provider)
        release = install(f"{self._name}-release", HARBOR, RELEASE, values, cluster, opts)
        return release, fingerprint({"chart": HARBOR.version, "in": cluster.identity, "values": values})

    def _tell_nodes(self) -> list[pulumi.Resource]:
        settings = self._settings
        if not settings.tells_nodes:
            return []
        opts = pulumi.ResourceOptions(parent=self)
        return [Nodes(f"{self._name}-nodes", self._cluster, self._address, settings.scheme, self._authority, opts)]

    def _going_with_it(self, data: pulumi.Input[str]) -> pulumi.ResourceOptions:
        """Of what is in Harbor, whose database `data` names."""
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=[self._answers],
            # Where its data goes too, nobody asks Harbor to take things away one by one, and it can refuse nothing.
            deleted_with=None if self._settings.keep_data else self._cluster.home,
            # In another database nothing is there yet. What was in the old one had numbers that what is made now gets
            # again, and so it is let go before.
            replacement_trigger=data,
            delete_before_replace=True,
        )

    def _fill(self, data: pulumi.Input[str]) -> tuple[HarborProject, Login, Login]:
        """Hero's project, its pusher and its puller; with them everything else that the stack wants in there.

        `data` names the database that it is all in.
        """
        name, settings, administrator = self._name, self._settings, self._administrator
        gone_with_it = self._gone_with_it
        stays = pulumi.ResourceOptions.merge(gone_with_it, pulumi.ResourceOptions(retain_on_delete=settings.keep_data))
        heros_project = make_project(name, settings.project, 0, administrator, self._guarded(self._image), stays)
        heros = make_heros_robots(name, settings, administrator, following([heros_project], gone_with_it))
        logins: list[pulumi.Resource] = [made.robot for made in heros.values()]
        rules = None
        endpoints: dict[str, pulumi.Input[int]] = {}
        if settings.says_more:
            # It takes long to import, and most stacks have no use for it.
            from components.registries.harbor.rules import rules_of  # noqa: PLC0415

            # They go before Hero's robots: where Harbor refuses to let one of them go, those logins are not lost yet.
            rules = rules_of(name, settings, administrator, following(logins, gone_with_it))
            endpoints = rules.endpoints()
        projects = {settings.project.name: heros_project}
        for each in settings.projects:
            # Harbor lets no registry go of which there is a mirror, and what a mirror has comes again.
            opts = gone_with_it if each.proxy_of else stays
            projects[each.name] = make_project(
                name, each, endpoints.get(each.proxy_of or "", 0), administrator, self._guarded(), opts
            )
        others = make_other_robots(name, settings, administrator, following([*projects.values()], gone_with_it))
        robots = [*logins, *(made.robot for made in others)]
        if rules:
            rules.make(projects, endpoints, pulumi.ResourceOptions(depends_on=robots))
        pusher, puller = (heros[who].login for who in HEROS_LOGINS)
        # Harbor can be well and refuse every push, after any change.
        asked = pulumi.Output.concat(data, " ", self._settled, " ", pusher.username)
        self._wait(f"{name}-readiness", asked, robots, self, pusher=pusher)
        return heros_project, pusher, puller

    def _guarded(self, image: ImageSettings | None = None) -> Guarded:
        """What a project may lose; in the stack's own project, the `image` is the stack's."""
        return Guarded(image.name if image else "", image.every_tag if image else [], discard=self._discard)

    def _wait(
        self,
        name: str,
        settled: pulumi.Output[str],
        after: list[pulumi.Resource],
        parent: pulumi.Resource,
        *,
        path: str = "ping",
        release: str = "",
        pusher: Login | None = None,
    ) -> Readiness:
        cluster = self._cluster
        return Readiness(
            name,
            kubeconfig=cluster.settings.file or "",
            context=cluster.settings.context or "",
            namespace=cluster.namespace,
            settled=settled,
            patience=cluster.settings.patience,
            url=f"{self._url}/api/v2.0/{path}",
            health=path == "health",
            release=release,
            repository=f"{self._address}/{self._path}" if pusher else "",
            username=pusher.username if pusher else "",
            password=pusher.password if pusher else "",
            ca_certificate=self._authority or "",
            plain_http=self._settings.insecure_http,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
        )


def following(resources: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Of what comes after these, and goes before them."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[*resources]))
