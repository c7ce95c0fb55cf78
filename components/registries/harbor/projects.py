"""What a stack may say of the projects in a Harbor: who may do what there, what stays, what is refused."""

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from components.kubernetes.storage import Size
from components.registries.harbor.names import Action, Color, Identifier, Name
from components.registries.harbor.people import Member
from components.registries.harbor.scan import SCHEDULE, ScanSettings, Schedule, Severity
from components.settings import Block, FilledText, SecretText, Superfluous, Text, WebAddress, check_once

HEROS_LOGINS = ("pusher", "puller")
MOST_RULES = 15


Glob = FilledText


class KeptArtifacts(Block):
    """An item of `retention.keep`: what fits one of them stays."""

    repositories: Glob = Field(default="**", description="a glob of repositories, without the project", examples=["**"])
    tags: Glob = Field(default="**", description="a glob of tags", examples=["v*"])
    untagged: bool = Field(
        default=False, description="true, so that artifacts without a tag count too, or false", examples=["false"]
    )
    most_recently_pushed: int | None = Field(
        default=None, ge=1, description="how many of those pushed last stay; at least 1", examples=["10"]
    )
    most_recently_pulled: int | None = Field(
        default=None, ge=1, description="how many of those pulled last stay; at least 1", examples=["10"]
    )
    days_since_push: int | None = Field(
        default=None, ge=1, description="those pushed within so many days stay; at least 1", examples=["30"]
    )
    days_since_pull: int | None = Field(
        default=None, ge=1, description="those pulled within so many days stay; at least 1", examples=["30"]
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
        description=f"{SCHEDULE}: when what fits no item goes; without it only when somebody asks for that",
        examples=["Daily"],
    )
    keep: list[KeptArtifacts] = Field(
        min_length=1,
        max_length=MOST_RULES,
        description=f"a list of 1 to {MOST_RULES} maps with repositories, tags, untagged and one of "
        "mostRecentlyPushed, mostRecentlyPulled, daysSincePush and daysSincePull, or none for all that fit",
        examples=[[{"mostRecentlyPushed": 10}]],
    )


class ImmutableTags(Block):
    """An item of `immutableTags`: tags that never name another artifact."""

    repositories: Glob = Field(default="**", description="a glob of repositories, without the project", examples=["**"])
    tags: Glob = Field(default="**", description="a glob of tags", examples=["v*"])


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
        description="words of a-z and 0-9 with single . _ - between them; each once in its project", examples=["chat"]
    )
    address: WebAddress = Field(
        description="the receiver's address, beginning with https:// or http://",
        examples=["https://example.com/harbor"],
    )
    events: list[Told] = Field(
        default=[Told.PUSH],
        min_length=1,
        description=f"a list of {' | '.join(Told)}",
        examples=[["PUSH_ARTIFACT"]],
    )
    format: Format = Field(default=Format.HTTP, description="http | slack", examples=["http"])
    header: SecretText | None = Field(
        default=None,
        description="what is sent as the header Authorization, given as a secret",
        examples=["Bearer TOKEN"],
    )
    insecure_skip_verify: bool = Field(
        default=False, description="true, so that anybody can pass for the receiver, or false", examples=["false"]
    )


class Robot(Block):
    """An item of `robots`: a login for a machine."""

    name: Name = Field(
        description="words of a-z and 0-9 with single . _ - between them; each once in its project, and in Hero's not "
        "pusher and puller, which are there",
        examples=["builder"],
    )
    may: list[Action] = Field(
        default=["repository:pull"],
        min_length=1,
        description="a list of resource:action, each once, as Harbor names them; to push needs to pull",
        examples=[["repository:pull", "repository:push"]],
    )
    days: int | None = Field(
        default=None,
        ge=1,
        description="after how many days it opens nothing any more; without it never",
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

    name: FilledText = Field(description="the label's name, each once", examples=["stable"])
    color: Color = Field(default="#FFFFFF", description="# and six of 0-9 A-F", examples=["#00AB9A"])
    description: Text = Field(default="", description="any text", examples=["May be run by anybody"])


class Project(Block):
    """An item of `hero:harbor.projects`."""

    name: Name = Field(description="words of a-z and 0-9 with single . _ - between them; each once", examples=["team"])
    public: bool = Field(
        default=False, description="true, so that everybody can pull from it, or false", examples=["false"]
    )
    quota: Size | None = Field(
        default=None,
        description="how much it may hold, such as 10Gi; any amount where none is given",
        examples=["10Gi"],
    )
    scan_on_push: bool = Field(
        default=True, description="true, so that each image is scanned when it comes, or false", examples=["true"]
    )
    sbom_on_push: bool = Field(
        default=False, description="true, so that each image gets an SBOM when it comes, or false", examples=["false"]
    )
    block: Severity | None = Field(
        default=None,
        description="low | medium | high | critical: what has a vulnerability as bad as this cannot be pulled",
        examples=["high"],
    )
    allowed_cves: list[Identifier] = Field(
        default=[],
        description="a list of vulnerabilities, each once, that block nothing",
        examples=[["CVE-2024-1234"]],
    )
    cosign: bool = Field(
        default=False, description="true, so that only what cosign signed can be pulled, or false", examples=["false"]
    )
    notation: bool = Field(
        default=False, description="true, so that only what notation signed can be pulled, or false", examples=["false"]
    )
    proxy_of: FilledText | None = Field(
        default=None,
        description="the name of one of hero:harbor.registries, whose images come when they are first pulled",
        examples=["hub"],
    )
    retention: Retention | None = Field(
        default=None,
        description="a map with every and keep: which artifacts stay; all where it is not given",
        examples=[{"keep": [{"mostRecentlyPushed": 10}]}],
    )
    immutable_tags: list[ImmutableTags] = Field(
        default=[],
        description="a list of maps with repositories and tags: tags that never name another artifact",
        examples=[[{"tags": "v*"}]],
    )
    webhooks: list[Listener] = Field(
        default=[],
        description="a list of maps with name, address, events, format, header and insecureSkipVerify",
        examples=[[{"name": "chat", "address": "https://example.com/harbor"}]],
    )
    members: list[Member] = Field(
        default=[],
        description="a list of maps with user, or group and kind, and role",
        examples=[[{"user": "vfarcic", "role": "developer"}]],
    )
    robots: list[Robot] = Field(
        default=[], description="a list of maps with name, may and days", examples=[[{"name": "builder"}]]
    )
    labels: list[Label] = Field(
        default=[], description="a list of maps with name, color and description", examples=[[{"name": "stable"}]]
    )

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
        description="words of a-z and 0-9 with single . _ - between them",
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
