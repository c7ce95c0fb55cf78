"""What a stack may say of a Harbor as a whole: who logs in how, which other registries it knows, what it does when."""

from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from components.registries.harbor.names import Identifier, Name
from components.registries.harbor.projects import Project
from components.registries.harbor.scan import Cron, Schedule
from components.settings import (
    Block,
    FilledText,
    SecretText,
    Superfluous,
    Text,
    WebAddress,
    check_once,
    check_password,
)

MOST_WORKERS = 5


class Kind(StrEnum):
    """What another registry is."""

    DOCKER_HUB = "docker-hub"
    DOCKER_REGISTRY = "docker-registry"
    HARBOR = "harbor"
    GITHUB = "github"
    GITLAB = "gitlab"
    GOOGLE = "google"
    AWS = "aws"
    AZURE = "azure"
    ALIBABA = "alibaba"
    HUAWEI = "huawei"
    JFROG = "jfrog"
    QUAY = "quay"


# Of which a project can be a mirror; the chart's core-cm.yaml names them.
MIRRORED = (
    Kind.DOCKER_HUB,
    Kind.HARBOR,
    Kind.AZURE,
    Kind.ALIBABA,
    Kind.AWS,
    Kind.GOOGLE,
    Kind.DOCKER_REGISTRY,
    Kind.GITHUB,
    Kind.JFROG,
)


class Endpoint(Block):
    """An item of `hero:harbor.registries`: another registry that Harbor knows."""

    name: FilledText = Field(description="The registry's name in Harbor, each once.", examples=["hub"])
    kind: Kind = Field(
        description="The registry's type: docker-hub, docker-registry, harbor, github, gitlab, google, aws, "
        "azure, alibaba, huawei, jfrog or quay.",
        examples=["docker-hub"],
    )
    url: WebAddress = Field(
        description="The registry's URL, starting with https:// or http://.", examples=["https://hub.docker.com"]
    )
    username: FilledText | None = Field(default=None, description="The user.", examples=["vfarcic"])
    password: SecretText | None = Field(
        default=None, description="The password. Required with `username`.", examples=["PASSWORD"]
    )
    description: Text = Field(default="", description="A description.", examples=["The world's largest"])
    insecure_skip_verify: bool = Field(
        default=False,
        description="Skip TLS verification of the registry.",
        examples=["false"],
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        # Harbor takes both away, and it would be another one at each refresh.
        if url.endswith("/") or urlsplit(url).query:
            raise ValueError("ends with / or has a query")
        return url

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        return check_password(password, info.data.get("username"))


class Direction(StrEnum):
    """Where images go."""

    PUSH = "push"
    PULL = "pull"


class Replication(Block):
    """An item of `hero:harbor.replications`: images that go to another registry, or come from it."""

    name: Name = Field(
        description="The policy's name, each once: a-z and 0-9 with single . _ - inside.", examples=["out"]
    )
    registry: FilledText = Field(description="The name of one of `hero:harbor.registries`.", examples=["hub"])
    direction: Direction = Field(
        default=Direction.PUSH, description="push (from this Harbor) or pull (to this Harbor).", examples=["push"]
    )
    repositories: FilledText = Field(
        default="**", description="A glob of repositories, with their project.", examples=["hero/**"]
    )
    tags: FilledText = Field(default="**", description="A glob of tags.", examples=["v*"])
    every: Cron | None = Field(
        default=None,
        description="cron with six fields, of which the first (seconds) is 0, at most hourly. Default: push "
        "replicates each new artifact, pull replicates on request.",
        examples=["0 0 3 * * *"],
    )
    namespace: Text = Field(
        default="",
        description="The path in the destination. Default: the same path.",
        examples=[""],
    )
    deletion: bool = Field(
        default=False, description="Delete artifacts in the destination that are deleted here.", examples=["false"]
    )

    @field_validator("deletion")
    @classmethod
    def _check_deletion(cls, wanted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - the value itself
        if wanted and (info.data.get("direction") == Direction.PULL or info.data.get("every") is not None):
            raise ValueError("only what is pushed whenever something comes is deleted there too")
        return wanted


class Collection(Block):
    """The block `hero:harbor.garbageCollection`."""

    every: Schedule = Field(
        description="When garbage is collected: Hourly, Daily, Weekly, or cron with six fields, of which the "
        "first (seconds) is 0.",
        examples=["Daily"],
    )
    delete_untagged: bool = Field(
        default=False, description="Delete artifacts without a tag too. Harbor: `delete_untagged`.", examples=["false"]
    )
    workers: int = Field(
        default=1, ge=1, le=MOST_WORKERS, description="Parallel workers, 1 to 5. Harbor: `workers`.", examples=["1"]
    )


class Creation(StrEnum):
    """Who makes projects."""

    ADMINISTRATORS = "adminonly"
    EVERYONE = "everyone"


class Banner(StrEnum):
    """How a banner looks."""

    SUCCESS = "success"
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


class System(Block):
    """The block `hero:harbor.system`."""

    project_creation: Creation = Field(
        default=Creation.ADMINISTRATORS,
        description="Who may create projects: adminonly or everyone.",
        examples=["adminonly"],
    )
    read_only: bool = Field(
        default=False,
        description="Make Harbor read-only, also for this program. Harbor: `read_only`.",
        examples=["false"],
    )
    quota_per_project: int | None = Field(
        default=None,
        ge=1,
        description="Quota in GiB of projects that users create. Default: unlimited. Harbor: `storage_per_project`.",
        examples=["100"],
    )
    scans_count_as_pulls: bool = Field(
        default=True,
        description="Count a scan as a pull in retention rules. Harbor: `scanner_skip_update_pulltime: false`.",
        examples=["true"],
    )
    audit_log: FilledText | None = Field(
        default=None,
        description="host:port of a syslog endpoint for the audit log. Harbor: `audit_log_forward_endpoint`.",
        examples=["syslog.example.com:514"],
    )
    audit_log_in_database: bool = Field(
        default=True,
        description="Keep the audit log in the database too. Harbor: `skip_audit_log_database: false`.",
        examples=["true"],
    )
    banner: Text = Field(
        default="",
        description='A message at the top of the UI, without " and \\\\. Harbor: `banner_message`.',
        examples=["Down on Friday"],
    )
    banner_kind: Banner = Field(
        default=Banner.INFO, description="The banner's type: success, info, warning or danger.", examples=["info"]
    )

    @field_validator("audit_log_in_database")
    @classmethod
    def _check_audit_log(cls, kept: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - the value itself
        if not kept and info.data.get("audit_log") is None:
            raise ValueError("without a syslog it would be nowhere")
        return kept

    @field_validator("banner")
    @classmethod
    def _check_banner(cls, banner: str) -> str:
        # The provider puts it between quotes as it is, client/config.go.
        if '"' in banner or "\\" in banner:
            raise ValueError('has " or \\ in it')
        return banner


class Preheating(Block):
    """An item of `hero:harbor.preheat`: a Dragonfly that fetches images before anybody pulls them."""

    name: Name = Field(
        description="The instance's name, each once: a-z and 0-9 with single . _ - inside.", examples=["dragonfly"]
    )
    endpoint: WebAddress = Field(
        description="The URL of Dragonfly's manager, starting with https:// or http://.",
        examples=["https://dragonfly.example.com"],
    )
    token: SecretText = Field(description="A personal access token of the manager.", examples=["TOKEN"])
    insecure_skip_verify: bool = Field(
        default=False, description="Skip TLS verification of the manager.", examples=["false"]
    )


class AllowedCves(Block):
    """The block `hero:harbor.allowedCves`: vulnerabilities that block nothing in any project."""

    identifiers: list[Identifier] = Field(
        min_length=1, description="Identifiers of vulnerabilities, each once.", examples=[["CVE-2024-1234"]]
    )
    until: int | None = Field(
        default=None, ge=1, description="Expiry in seconds since 1970. Default: never.", examples=["1798761600"]
    )

    @field_validator("identifiers")
    @classmethod
    def _check_identifiers(cls, identifiers: list[str]) -> list[str] | None:
        return check_once(identifiers)


def check_mirror(project: Project, known: list[Endpoint], place: int) -> None:
    """For a validator: whether the project, which is the one at this place, can be a mirror of what it names."""
    if project.proxy_of is None:
        return
    kinds = [each.kind for each in known if each.name == project.proxy_of]
    if not kinds:
        raise Superfluous(f"{project.proxy_of} is none of hero:harbor.registries", place)
    if kinds[0] not in MIRRORED:
        raise Superfluous(f"no project can be a mirror of {project.proxy_of}, which is a {kinds[0]}", place)
