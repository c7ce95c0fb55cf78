"""What a stack may say of Harbor."""

from pydantic import Field, ValidationInfo, field_validator

from components.files import check_certificate
from components.kubernetes.exposure import ExposedSettings
from components.kubernetes.storage import Size
from components.registries.harbor.administration import (
    AllowedCves,
    Collection,
    Endpoint,
    Preheating,
    Replication,
    System,
    check_mirror,
)
from components.registries.harbor.outside import AzureContainer, Database, GoogleBucket, HarborBucket, Redis
from components.registries.harbor.people import Group, Ldap, Oidc, User
from components.registries.harbor.projects import HerosProject, Label, Project, Robot
from components.registries.harbor.scan import ScanSettings, Severity
from components.settings import FilledText, Superfluous, Text, check_once

STORES = ("s3", "azure", "gcs")


class HarborSettings(ExposedSettings):
    """The block `hero:harbor`."""

    choice = "harbor"

    size: Size = Field(
        default="8Gi",
        description="Size of the PVC for images, such as 8Gi. It can grow if the storage class allows it. Harbor:"
        " `persistence.persistentVolumeClaim.registry.size`.",
        examples=["8Gi"],
    )
    database_size: Size = Field(
        default="1Gi",
        description="Size of the PVC for the database, such as 1Gi. Harbor: "
        "`persistence.persistentVolumeClaim.database.size`.",
        examples=["1Gi"],
    )
    storage_class: FilledText | None = Field(
        default=None,
        description="StorageClass of the PVCs. Default: the cluster's default.",
        examples=["standard"],
    )
    s3: HarborBucket | None = Field(
        default=None,
        description="Store images in an S3 bucket instead of a PVC.",
        examples=[{"bucket": "hero", "region": "eu-central-1"}],
    )
    azure: AzureContainer | None = Field(
        default=None,
        description="Store images in an Azure Blob container instead of a PVC.",
        examples=[{"account": "hero", "container": "hero", "key": "ACCOUNT_KEY"}],
    )
    gcs: GoogleBucket | None = Field(
        default=None,
        description="Store images in a Google Cloud Storage bucket instead of a PVC.",
        examples=[{"bucket": "hero"}],
    )
    redirect: bool = Field(
        default=False,
        description="Redirect clients to the bucket for blobs; clients must be able to reach it. Harbor: "
        "`persistence.imageChartStorage.disableredirect: false`.",
        examples=["false"],
    )
    database: Database | None = Field(
        default=None,
        description="Use an existing PostgreSQL. Default: one is installed.",
        examples=[{"host": "postgresql.example.com", "username": "harbor", "password": "PASSWORD"}],
    )
    redis: Redis | None = Field(
        default=None,
        description="Use an existing Redis. Default: one is installed.",
        examples=[{"address": "redis.example.com:6379"}],
    )
    authorities: FilledText | None = Field(
        default=None,
        description="A file of CA certificates in PEM that Harbor trusts: of the database, Redis, bucket, other "
        "registries and identity providers. Harbor: `caBundleSecretName`.",
        examples=["./ca.pem"],
    )
    replicas: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Replicas of each part that supports several, 1 to 100. Several need s3, azure or gcs.",
        examples=["1"],
    )
    ipv6: bool = Field(
        default=True,
        description="Listen on IPv6. Set it to false if the kernel of the nodes has no IPv6. Harbor: "
        "`ipFamily.ipv6.enabled`.",
        examples=["true"],
    )
    metrics: bool = Field(
        default=False,
        description="Serve /metrics of each part in the cluster. Harbor: `metrics.enabled`.",
        examples=["true"],
    )
    service_monitor: bool = Field(
        default=False,
        description="Create a ServiceMonitor of the Prometheus operator. Needs `metrics`. Harbor: "
        "`metrics.serviceMonitor.enabled`.",
        examples=["false"],
    )
    scan: ScanSettings = Field(
        default=ScanSettings(),
        description="Vulnerability scans.",
        examples=[{"block": "high"}],
    )
    registries: list[Endpoint] = Field(
        default=[],
        description="Other registries, for replications and proxy caches.",
        examples=[[{"name": "hub", "kind": "docker-hub", "url": "https://hub.docker.com"}]],
    )
    project: HerosProject = Field(
        default=HerosProject(),
        description="The project of the image.",
        examples=[{"name": "hero"}],
    )
    projects: list[Project] = Field(
        default=[],
        description="More projects, each with the keys of `project`.",
        examples=[[{"name": "team"}]],
    )
    replications: list[Replication] = Field(
        default=[],
        description="Replication policies.",
        examples=[[{"name": "out", "registry": "hub"}]],
    )
    robots: list[Robot] = Field(
        default=[],
        description="Robot accounts for all projects.",
        examples=[[{"name": "mirror"}]],
    )
    users: list[User] = Field(
        default=[],
        description="Local users.",
        examples=[[{"name": "vfarcic", "fullName": "Viktor", "email": "v@example.com", "password": "Password-1"}]],
    )
    groups: list[Group] = Field(
        default=[],
        description="Groups of an OIDC or LDAP provider.",
        examples=[[{"name": "platform"}]],
    )
    labels: list[Label] = Field(
        default=[],
        description="Labels for artifacts of all projects.",
        examples=[[{"name": "stable"}]],
    )
    oidc: Oidc | None = Field(
        default=None,
        description="Log in by OIDC.",
        examples=[
            {
                "name": "Keycloak",
                "endpoint": "https://login.example.com/realms/hero",
                "clientId": "harbor",
                "clientSecret": "CLIENT_SECRET",
            }
        ],
    )
    ldap: Ldap | None = Field(
        default=None,
        description="Log in by LDAP.",
        examples=[{"url": "ldaps://example.com", "base": "ou=people,dc=example,dc=com"}],
    )
    system: System | None = Field(
        default=None,
        description="System settings.",
        examples=[{"banner": "Down on Friday"}],
    )
    garbage_collection: Collection | None = Field(
        default=None,
        description="Garbage collection. Default: on request.",
        examples=[{"every": "Daily"}],
    )
    allowed_cves: AllowedCves | None = Field(
        default=None,
        description="Vulnerabilities that do not block pulls in any project.",
        examples=[{"identifiers": ["CVE-2024-1234"]}],
    )
    preheat: list[Preheating] = Field(
        default=[],
        description="Dragonfly clusters of other stacks that preheat images.",
        examples=[[{"name": "dragonfly", "endpoint": "https://dragonfly.example.com", "token": "TOKEN"}]],
    )
    rotate: Text = Field(
        default="",
        description="Credentials version: change it to rotate the secret of every robot account.",
        examples=["2026-11"],
    )

    @property
    def on_claim(self) -> bool:
        """Whether images are on a claim and not in a bucket."""
        return not any(getattr(self, store) for store in STORES)

    @property
    def all_projects(self) -> list[Project]:
        """Hero's and the others."""
        return [self.project, *self.projects]

    @property
    def blocks(self) -> Severity | None:
        """The least bad vulnerability with which Hero's image is for nobody: by `up`, or by Harbor itself."""
        wanted = {self.scan.block, self.project.block}
        return next((severity for severity in Severity if severity in wanted), None)

    @property
    def says_more(self) -> bool:
        """Whether there is anything in it besides projects and robots."""
        listed = [self.registries, self.replications, self.users, self.groups, self.labels, self.preheat]
        single = [self.oidc, self.ldap, self.system, self.garbage_collection, self.allowed_cves, self.scan.every]
        return any(listed) or any(single) or any(project.says_more for project in self.all_projects)

    @field_validator("authorities")
    @classmethod
    def _check_authorities(cls, file: str | None) -> str | None:
        return None if file is None else check_certificate(file)

    @field_validator("azure", "gcs")
    @classmethod
    def _check_one_store(cls, store: object, info: ValidationInfo) -> object:
        if store is not None and any(info.data.get(name) for name in STORES):
            raise Superfluous("images are in another bucket already")
        return store

    @field_validator("redirect")
    @classmethod
    def _check_redirect(cls, wanted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - the value itself
        if wanted and set(STORES) <= info.data.keys() and not any(info.data[name] for name in STORES):
            raise ValueError("without a bucket there is nothing to be sent to")
        return wanted

    @field_validator("database")
    @classmethod
    def _check_database(cls, database: Database | None, info: ValidationInfo) -> Database | None:
        if database is not None and info.data.get("keep_data") is False:
            raise Superfluous("its data would outlive the keys that open it, which go with keepData: false")
        return database

    @field_validator("replicas")
    @classmethod
    def _check_replicas(cls, replicas: int, info: ValidationInfo) -> int:
        if replicas > 1 and set(STORES) <= info.data.keys() and not any(info.data[name] for name in STORES):
            raise ValueError("several replicas need a bucket that they share")
        return replicas

    @field_validator("service_monitor")
    @classmethod
    def _check_service_monitor(cls, wanted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if wanted and info.data.get("metrics") is False:
            raise ValueError("without metrics there is nothing to read")
        return wanted

    @field_validator("projects")
    @classmethod
    def _check_projects(cls, projects: list[Project], info: ValidationInfo) -> list[Project]:
        check_once([each.name for each in projects])
        hero = info.data.get("project")
        for place, each in enumerate(projects):
            if isinstance(hero, HerosProject) and each.name == hero.name:
                raise Superfluous("this is the name of Hero's project", place)
            each.check_scanner(info.data.get("scan"), place)
            if "registries" in info.data:
                check_mirror(each, info.data["registries"], place)
        return projects

    @field_validator("project")
    @classmethod
    def _check_project(cls, project: HerosProject, info: ValidationInfo) -> HerosProject:
        project.check_scanner(info.data.get("scan"))
        return project

    @field_validator("replications")
    @classmethod
    def _check_replications(cls, replications: list[Replication], info: ValidationInfo) -> list[Replication]:
        check_once([each.name for each in replications])
        if "registries" in info.data:
            known = {each.name for each in info.data["registries"]}
            for place, each in enumerate(replications):
                if each.registry not in known:
                    raise Superfluous(f"{each.registry} is none of hero:harbor.registries", place)
        return replications

    @field_validator("robots", "users", "groups", "labels", "preheat", "registries")
    @classmethod
    def _check_names(cls, items: list[Robot]) -> list[Robot]:
        check_once([each.name for each in items])
        return items

    @field_validator("oidc", "ldap")
    @classmethod
    def _check_one_way_to_log_in(cls, how: object, info: ValidationInfo) -> object:
        if how is not None and info.data.get("oidc") is not None:
            raise Superfluous("people log in at a provider of identities already")
        if how is not None and info.data.get("users"):
            raise Superfluous("Harbor itself knows the users, and then nobody else may")
        return how
