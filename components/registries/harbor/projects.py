"""What a stack may say of the projects in a Harbor: who may do what there, what stays, what is refused."""

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from components.kubernetes.storage import Size
from components.registries.harbor.names import Action, Color, Identifier, Name
from components.registries.harbor.people import Member
from components.registries.harbor.scan import ScanSettings, Schedule, Severity
from components.settings import Block, FilledText, SecretText, Superfluous, Text, WebAddress, check_once

HEROS_LOGINS = ("pusher", "puller")
MOST_RULES = 15


Glob = FilledText


class KeptArtifacts(Block):
    """An item of `retention.keep`: what fits one of them stays."""

    repositories: Glob = Field(
        default="**", description="A glob of repositories, without the project.", examples=["**"]
    )
    tags: Glob = Field(default="**", description="A glob of tags.", examples=["v*"])
    untagged: bool = Field(default=False, description="Match artifacts without a tag too.", examples=["false"])
    most_recently_pushed: int | None = Field(
        default=None,
        ge=1,
        description="Keep this many of the most recently pushed artifacts; at least 1.",
        examples=["10"],
    )
    most_recently_pulled: int | None = Field(
        default=None,
        ge=1,
        description="Keep this many of the most recently pulled artifacts; at least 1.",
        examples=["10"],
    )
    days_since_push: int | None = Field(
        default=None,
        ge=1,
        description="Keep artifacts that were pushed within this many days; at least 1.",
        examples=["30"],
    )
    days_since_pull: int | None = Field(
        default=None,
        ge=1,
        description="Keep artifacts that were pulled within this many days; at least 1.",
        examples=["30"],
    )

    @field_validator("most_recently_pulled", "days_since_push", "days_since_pull")
    @classmethod
    def _check_one_alone(cls, wanted: int | None, info: ValidationInfo) -> int | None:
        # Harbor's rule has one of them; several would need a rule each.
        measures = ("most_recently_pushed", "most_recently_pulled", "days_since_push", "days_since_pull")
        if wanted is not None and any(info.data.get(name) is not None for name in measures):
            raise Superfluous("another measure is there already; a second item may have this one")
        return wanted


class Retention(Block):
    """The block `retention` of a project: everything stays where it is not given."""

    every: Schedule | None = Field(
        default=None,
        description="When other artifacts are deleted: Hourly, Daily, Weekly, or cron with six fields, of which "
        "the first (seconds) is 0. Default: only on request.",
        examples=["Daily"],
    )
    keep: list[KeptArtifacts] = Field(
        min_length=1,
        max_length=MOST_RULES,
        description="1 to 15 rules. Each has repositories, tags, untagged and at most one of mostRecentlyPushed, "
        "mostRecentlyPulled, daysSincePush and daysSincePull; none keeps all that match.",
        examples=[[{"mostRecentlyPushed": 10}]],
    )


class ImmutableTags(Block):
    """An item of `immutableTags`: tags that never name another artifact."""

    repositories: Glob = Field(
        default="**", description="A glob of repositories, without the project.", examples=["**"]
    )
    tags: Glob = Field(default="**", description="A glob of tags.", examples=["v*"])


class Told(StrEnum):
    """Of what a project tells others."""

    PUSH = "PUSH_ARTIFACT"
    PULL = "PULL_ARTIFACT"
    DELETE = "DELETE_ARTIFACT"
    QUOTA_EXCEED = "QUOTA_EXCEED"
    QUOTA_WARNING = "QUOTA_WARNING"
    REPLICATION = "REPLICATION"
    SCANNING_COMPLETED = "SCANNING_COMPLETED"
    SCANNING_FAILED = "SCANNING_FAILED"
    TAG_RETENTION = "TAG_RETENTION"


class Format(StrEnum):
    """How a project tells others."""

    HTTP = "http"
    SLACK = "slack"


class Listener(Block):
    """An item of `webhooks`: who is told of what happens in the project."""

    name: Name = Field(
        description="The webhook's name, each once in its project: a-z and 0-9 with single . _ - inside.",
        examples=["chat"],
    )
    address: WebAddress = Field(
        description="The receiver's URL, starting with https:// or http://.",
        examples=["https://example.com/harbor"],
    )
    events: list[Told] = Field(
        default=[Told.PUSH],
        min_length=1,
        description="Events: PUSH_ARTIFACT, PULL_ARTIFACT, DELETE_ARTIFACT, QUOTA_EXCEED, QUOTA_WARNING, "
        "REPLICATION, SCANNING_COMPLETED, SCANNING_FAILED or TAG_RETENTION.",
        examples=[["PUSH_ARTIFACT"]],
    )
    format: Format = Field(default=Format.HTTP, description="The payload format: http or slack.", examples=["http"])
    header: SecretText | None = Field(
        default=None,
        description="The value of the header Authorization.",
        examples=["Bearer TOKEN"],
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Skip TLS verification of the receiver. Harbor: `skip_cert_verify`.",
        examples=["false"],
    )


class Robot(Block):
    """An item of `robots`: a login for a machine."""

    name: Name = Field(
        description="The robot account's name, each once in its project: a-z and 0-9 with single . _ - inside. In"
        " the image's project not pusher or puller, which exist already.",
        examples=["builder"],
    )
    may: list[Action] = Field(
        default=["repository:pull"],
        min_length=1,
        description="Permissions as resource:action, each once, in Harbor's terms. repository:push needs "
        "repository:pull.",
        examples=[["repository:pull", "repository:push"]],
    )
    days: int | None = Field(
        default=None,
        ge=1,
        description="Days until the robot account expires. Default: never.",
        examples=["90"],
    )

    @field_validator("may")
    @classmethod
    def _check_may(cls, may: list[str]) -> list[str] | None:
        if "repository:push" in may and "repository:pull" not in may:
            raise ValueError("whoever pushes has to pull")
        return check_once(may)


class Label(Block):
    """An item of `labels`: a mark that artifacts can be given."""

    name: FilledText = Field(description="The label's name, each once.", examples=["stable"])
    color: Color = Field(default="#FFFFFF", description="The color: # and six digits of 0-9 A-F.", examples=["#00AB9A"])
    description: Text = Field(default="", description="A description.", examples=["May be run by anybody"])


class Project(Block):
    """An item of `hero:harbor.projects`."""

    name: Name = Field(
        description="The project's name, each once: a-z and 0-9 with single . _ - inside.", examples=["team"]
    )
    public: bool = Field(default=False, description="Let everyone pull from the project.", examples=["false"])
    quota: Size | None = Field(
        default=None,
        description="Storage quota, such as 10Gi. Default: unlimited.",
        examples=["10Gi"],
    )
    scan_on_push: bool = Field(
        default=True, description="Scan each pushed image. Harbor: `auto_scan`.", examples=["true"]
    )
    sbom_on_push: bool = Field(
        default=False,
        description="Create an SBOM of each pushed image. Harbor: `auto_sbom_generation`.",
        examples=["false"],
    )
    block: Severity | None = Field(
        default=None,
        description="Refuse pulls of images with a vulnerability of this severity or above: low, medium, high or "
        "critical. Harbor: `prevent_vul`, `severity`.",
        examples=["high"],
    )
    allowed_cves: list[Identifier] = Field(
        default=[],
        description="Vulnerabilities that do not block pulls, each once. Harbor: `cve_allowlist`.",
        examples=[["CVE-2024-1234"]],
    )
    cosign: bool = Field(
        default=False,
        description="Refuse pulls of images without a cosign signature. Harbor: `enable_content_trust_cosign`.",
        examples=["false"],
    )
    notation: bool = Field(
        default=False,
        description="Refuse pulls of images without a notation signature. Harbor: `enable_content_trust`.",
        examples=["false"],
    )
    proxy_of: FilledText | None = Field(
        default=None,
        description="Make the project a proxy cache of one of `hero:harbor.registries`.",
        examples=["hub"],
    )
    retention: Retention | None = Field(
        default=None,
        description="Which artifacts are kept. Default: all.",
        examples=[{"keep": [{"mostRecentlyPushed": 10}]}],
    )
    immutable_tags: list[ImmutableTags] = Field(
        default=[],
        description="Tags that cannot be moved to another artifact.",
        examples=[[{"tags": "v*"}]],
    )
    webhooks: list[Listener] = Field(
        default=[],
        description="Webhooks of the project.",
        examples=[[{"name": "chat", "address": "https://example.com/harbor"}]],
    )
    members: list[Member] = Field(
        default=[],
        description="Members of the project.",
        examples=[[{"user": "vfarcic", "role": "developer"}]],
    )
    robots: list[Robot] = Field(
        default=[], description="More robot accounts of the project.", examples=[[{"name": "builder"}]]
    )
    labels: list[Label] = Field(default=[], description="Labels of the project.", examples=[[{"name": "stable"}]])

    @property
    def says_more(self) -> bool:
        """Whether there is anything in it besides robots."""
        return any([self.retention, self.immutable_tags, self.webhooks, self.members, self.labels])

    def check_scanner(self, scan: ScanSettings | None, *place: int) -> None:
        """For a validator of what holds the project, at this place of a list."""
        if scan is not None and not scan.scanner and (self.block or self.sbom_on_push):
            raise Superfluous(f"the project {self.name} wants what only a scanner finds, and there is none", *place)

    @field_validator("allowed_cves")
    @classmethod
    def _check_cves(cls, identifiers: list[str]) -> list[str] | None:
        return check_once(identifiers)

    @field_validator("webhooks", "robots", "labels")
    @classmethod
    def _check_names(
        cls, items: list[Listener] | list[Robot] | list[Label]
    ) -> list[Listener] | list[Robot] | list[Label]:
        check_once([each.name for each in items])
        return items

    @field_validator("members")
    @classmethod
    def _check_members(cls, members: list[Member]) -> list[Member]:
        check_once([f"{each.user or each.group}" for each in members])
        return members

    @field_validator("immutable_tags")
    @classmethod
    def _check_immutable_tags(cls, tags: list[ImmutableTags]) -> list[ImmutableTags]:
        check_once([f"{each.tags} of {each.repositories}" for each in tags])
        return tags


class HerosProject(Project):
    """The block `hero:harbor.project`: the project that Hero lives in."""

    name: Name = Field(
        default="hero",
        description="The project's name: a-z and 0-9 with single . _ - inside.",
        examples=["hero"],
    )

    @field_validator("robots")
    @classmethod
    def _check_robots(cls, robots: list[Robot]) -> list[Robot]:
        for place, robot in enumerate(robots):
            if robot.name in HEROS_LOGINS:
                raise Superfluous(f"{robot.name} is there already", place)
        return robots

    @field_validator("proxy_of")
    @classmethod
    def _check_own(cls, endpoint: str | None) -> str | None:
        if endpoint is not None:
            raise Superfluous("nobody can push Hero to a mirror of another registry")
        return endpoint
