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
        description="how much the images' claim asks for, such as 8Gi; it may grow where the storage class allows that",
        examples=["8Gi"],
    )
    database_size: Size = Field(
        default="1Gi",
        description="how much the database's claim asks for, such as 1Gi; it may grow as the images' may",
        examples=["1Gi"],
    )
    storage_class: FilledText | None = Field(
        default=None,
        description="the claims' StorageClass; the cluster's default where none is given",
        examples=["standard"],
    )
    s3: HarborBucket | None = Field(
        default=None,
        description="a map with bucket, region, endpoint, folder, accessKey and secretKey: images are kept there and "
        "not on a claim",
        examples=[{"bucket": "hero", "region": "eu-central-1"}],
    )
    azure: AzureContainer | None = Field(
        default=None,
        description="a map with account, container and key: images are kept there and not on a claim",
        examples=[{"account": "hero", "container": "hero", "key": "ACCOUNT_KEY"}],
    )
    gcs: GoogleBucket | None = Field(
        default=None,
        description="a map with bucket, folder and key: images are kept there and not on a claim",
        examples=[{"bucket": "hero"}],
    )
    redirect: bool = Field(
        default=False,
        description="true, so that clients are sent to the bucket for what is large, and have to reach it; or false",
        examples=["false"],
    )
    database: Database | None = Field(
        default=None,
        description="a map with host, port, username, password, name and verification: a PostgreSQL that is there "
        "already; without it one comes along",
        examples=[{"host": "postgresql.example.com", "username": "harbor", "password": "PASSWORD"}],
    )
    redis: Redis | None = Field(
        default=None,
        description="a map with address, username, password, sentinelMaster and insecurePlaintext: a Redis that is "
        "there already; without it one comes along",
        examples=[{"address": "redis.example.com:6379"}],
    )
    authorities: FilledText | None = Field(
        default=None,
        description="a file of certificates, in PEM, of private authorities that Harbor trusts: of the database, "
        "Redis, the bucket, other registries, and where people log in",
        examples=["./ca.pem"],
    )
    replicas: int = Field(
        default=1,
        ge=1,
        le=100,
        description="how many pods of each part that can have several, from 1 to 100; several need s3, azure or gcs",
        examples=["1"],
    )
    ipv6: bool = Field(
        default=True, description="false where the nodes' kernel knows no IPv6, or true", examples=["true"]
    )
    metrics: bool = Field(
        default=False, description="true, so that each part has /metrics in the cluster, or false", examples=["true"]
    )
    service_monitor: bool = Field(
        default=False,
        description="true for a ServiceMonitor of the Prometheus operator; needs metrics; or false",
        examples=["false"],
    )
    scan: ScanSettings = Field(
        default=ScanSettings(),
        description="a map with scanner, mirror, every and block",
        examples=[{"block": "high"}],
    )
    registries: list[Endpoint] = Field(
        default=[],
        description="a list of maps with name, kind, url, username, password, description and insecureSkipVerify: "
        "other registries that this one knows",
        examples=[[{"name": "hub", "kind": "docker-hub", "url": "https://hub.docker.com"}]],
    )
    project: HerosProject = Field(
        default=HerosProject(),
        description=f"a map with {', '.join(field.alias or name for name, field in Project.model_fields.items())}: the "
        "project that Hero lives in",
        examples=[{"name": "hero"}],
    )
    projects: list[Project] = Field(
        default=[],
        description="a list of maps with the keys of project: further ones",
        examples=[[{"name": "team"}]],
    )
    replications: list[Replication] = Field(
        default=[],
        description="a list of maps with name, registry, direction, repositories, tags, every, namespace and deletion: "
        "images that go to other registries or come from them",
        examples=[[{"name": "out", "registry": "hub"}]],
    )
    robots: list[Robot] = Field(
        default=[],
        description="a list of maps with name, may and days: logins for machines to all projects",
        examples=[[{"name": "mirror"}]],
    )
    users: list[User] = Field(
        default=[],
        description="a list of maps with name, fullName, email, password and administrator: people that Harbor knows",
        examples=[[{"name": "vfarcic", "fullName": "Viktor", "email": "v@example.com", "password": "Password-1"}]],
    )
    groups: list[Group] = Field(
        default=[],
        description="a list of maps with name, kind and distinguishedName: groups that somebody else knows",
        examples=[[{"name": "platform"}]],
    )
    labels: list[Label] = Field(
        default=[],
        description="a list of maps with name, color and description: marks for artifacts of all projects",
        examples=[[{"name": "stable"}]],
    )
    oidc: Oidc | None = Field(
        default=None,
        description="a map with name, endpoint, clientId, clientSecret and more: people log in at a provider of "
        "identities",
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
        description="a map with url, base and more: people log in with what LDAP knows of them",
        examples=[{"url": "ldaps://example.com", "base": "ou=people,dc=example,dc=com"}],
    )
    system: System | None = Field(
        default=None,
        description="a map with projectCreation, readOnly, quotaPerProject, scansCountAsPulls, auditLog, "
        "auditLogInDatabase, banner and bannerKind",
        examples=[{"banner": "Down on Friday"}],
    )
    garbage_collection: Collection | None = Field(
        default=None,
        description="a map with every, deleteUntagged and workers; without it, when somebody asks for that",
        examples=[{"every": "Daily"}],
    )
    allowed_cves: AllowedCves | None = Field(
        default=None,
        description="a map with identifiers and until: vulnerabilities that block nothing in any project",
        examples=[{"identifiers": ["CVE-2024-1234"]}],
    )
    preheat: list[Preheating] = Field(
        default=[],
        description="a list of maps with name, endpoint, token and insecureSkipVerify: Dragonflies that fetch images "
        "before anybody pulls them",
        examples=[[{"name": "dragonfly", "endpoint": "https://dragonfly.example.com", "token": "TOKEN"}]],
    )
    rotate: Text = Field(
        default="",
        description="any text; another text gives pusher, puller and every other robot another password",
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
