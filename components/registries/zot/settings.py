"""What a stack may say of zot."""

from pydantic import Field, ValidationInfo, field_validator

from components.kubernetes.exposure import ExposedSettings
from components.kubernetes.storage import Size
from components.registries.zot.extensions import (
    Duration,
    Listener,
    Mirrored,
    RetentionPolicy,
    ZotBucket,
    seconds,
)
from components.settings import FilledText, SecretText, Superfluous, Text, check_once

TWO_HOURS = 2 * 60 * 60


class ZotSettings(ExposedSettings):
    """The block `hero:zot`."""

    choice = "zot"

    size: Size = Field(
        default="8Gi",
        description="how much the claim asks for, such as 8Gi; it may grow where the storage class allows that",
        examples=["8Gi"],
    )
    storage_class: FilledText | None = Field(
        default=None,
        description="the claim's StorageClass; the cluster's default where none is given",
        examples=["standard"],
    )
    s3: ZotBucket | None = Field(
        default=None,
        description="a map with bucket, region, endpoint, folder, accessKey and secretKey: images are kept there and "
        "not on a claim",
        examples=[{"bucket": "hero", "region": "eu-central-1"}],
    )
    cache: SecretText | None = Field(
        default=None,
        description="only with s3: redis://… of a Redis that all replicas share, given as a secret",
        examples=["redis://redis.example.com:6379"],
    )
    replicas: int = Field(
        default=1,
        ge=1,
        le=100,
        description="how many pods, from 1 to 100; several need s3 and cache",
        examples=["1"],
    )
    minimal: bool = Field(
        default=False,
        description="true for zot-minimal, which can neither search nor show a page nor do what comes below; or false",
        examples=["false"],
    )
    dedupe: bool = Field(
        default=True, description="true, so that what is there twice is kept once, or false", examples=["true"]
    )
    gc_delay: Duration = Field(
        default="1h", description="a time such as 1h, before which garbage is not collected", examples=["1h"]
    )
    gc_interval: Duration = Field(
        default="1h", description="a time such as 24h, from one collection to the next", examples=["24h"]
    )
    retention: list[RetentionPolicy] = Field(
        default=[],
        description="a list of maps with repositories, keepTags, deleteUntagged and deleteReferrers; everything stays "
        "where it is empty",
        examples=[[{"repositories": ["**"]}]],
    )
    immutable_tags: bool = Field(
        default=False, description="true, so that a tag never names another image, or false", examples=["false"]
    )
    search: bool = Field(default=True, description="true, so that one can search, or false", examples=["true"])
    ui: bool = Field(
        default=True, description="true, so that there is a page to look at; needs search; or false", examples=["false"]
    )
    cve: Duration | None = Field(
        default=None,
        description="a time of at least 2h, from one look for a newer list of vulnerabilities to the next; needs "
        "search and no s3; without it nothing is scanned",
        examples=["24h"],
    )
    scrub: Duration | None = Field(
        default=None,
        description="a time of at least 2h, after which all that is stored is looked through again; without it never",
        examples=["24h"],
    )
    metrics: bool = Field(
        default=False,
        description="true, so that the user metrics may read /metrics, or false",
        examples=["true"],
    )
    service_monitor: bool = Field(
        default=False,
        description="true for a ServiceMonitor of the Prometheus operator; needs metrics; or false",
        examples=["false"],
    )
    mandatory_annotations: list[FilledText] = Field(
        default=[],
        description="a list of annotations, each once, without which an image is refused",
        examples=[["org.opencontainers.image.source"]],
    )
    trust: bool = Field(
        default=False,
        description="true, so that signatures of cosign and notation are verified and shown, or false",
        examples=["true"],
    )
    sync: list[Mirrored] = Field(
        default=[],
        description="a list of maps with url, onDemand, every, content, username, password and insecureSkipVerify: "
        "other registries of which this one is a mirror",
        examples=[[{"url": "https://registry.example.com"}]],
    )
    events: list[Listener] = Field(
        default=[],
        description="a list of maps with type, address, channel and timeout: who is told of what happens",
        examples=[[{"address": "https://example.com/zot"}]],
    )
    rotate: Text = Field(
        default="",
        description="any text; another text gives pusher and puller other passwords",
        examples=["2026-11"],
    )

    @property
    def shows_page(self) -> bool:
        """Whether there is something to look at in a browser."""
        return self.ui and not self.minimal

    @field_validator("cache")
    @classmethod
    def _check_cache(cls, cache: str | None, info: ValidationInfo) -> str | None:
        if cache is None:
            return None
        if "s3" in info.data and info.data["s3"] is None:
            raise Superfluous("without s3 there is nothing to share")
        if not cache.startswith(("redis://", "rediss://")):
            raise ValueError("not an address that begins with redis:// or rediss://")
        return cache

    @field_validator("replicas")
    @classmethod
    def _check_replicas(cls, replicas: int, info: ValidationInfo) -> int:
        if replicas > 1 and {"s3", "cache"} <= info.data.keys() and not (info.data["s3"] and info.data["cache"]):
            raise ValueError("several replicas need a bucket and a cache that they share")
        return replicas

    @field_validator("ui")
    @classmethod
    def _check_ui(cls, ui: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if ui and info.data.get("search") is False:
            raise ValueError("there is no ui without search")
        return ui

    @field_validator("cve")
    @classmethod
    def _check_cve(cls, cve: str | None, info: ValidationInfo) -> str | None:
        if cve is None:
            return None
        if info.data.get("s3"):
            raise Superfluous("nothing that is in a bucket can be scanned")
        if info.data.get("search") is False:
            raise Superfluous("there is no scan without search")
        return _at_least_two_hours(cve)

    @field_validator("scrub")
    @classmethod
    def _check_scrub(cls, scrub: str | None) -> str | None:
        return None if scrub is None else _at_least_two_hours(scrub)

    @field_validator("service_monitor")
    @classmethod
    def _check_service_monitor(cls, wanted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if wanted and info.data.get("metrics") is False:
            raise ValueError("without metrics there is nothing to read")
        return wanted

    @field_validator("mandatory_annotations")
    @classmethod
    def _check_annotations_once(cls, names: list[str]) -> list[str] | None:
        return check_once(names)

    @field_validator("cve", "scrub", "metrics", "mandatory_annotations", "trust", "sync", "events")
    @classmethod
    def _check_extension(cls, wanted: object, info: ValidationInfo) -> object:
        if wanted and info.data.get("minimal"):
            raise Superfluous("zot-minimal has no extensions")
        return wanted


def _at_least_two_hours(duration: str) -> str:
    if seconds(duration) < TWO_HOURS:
        raise ValueError("shorter than two hours")
    return duration
