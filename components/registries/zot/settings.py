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
        description="Size of the PVC, such as 8Gi. It can grow if the storage class allows it.",
        examples=["8Gi"],
    )
    storage_class: FilledText | None = Field(
        default=None,
        description="StorageClass of the PVC. Default: the cluster's default.",
        examples=["standard"],
    )
    s3: ZotBucket | None = Field(
        default=None,
        description="Store images in an S3 bucket instead of a PVC.",
        examples=[{"bucket": "hero", "region": "eu-central-1"}],
    )
    cache: SecretText | None = Field(
        default=None,
        description="redis://… of a Redis that all replicas share. Only with s3. zot: `storage.cacheDriver`.",
        examples=["redis://redis.example.com:6379"],
    )
    replicas: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Replicas, 1 to 100. Several need s3 and cache.",
        examples=["1"],
    )
    minimal: bool = Field(
        default=False,
        description="Use zot-minimal, without search, UI and the extensions below.",
        examples=["false"],
    )
    dedupe: bool = Field(default=True, description="Store equal blobs once. zot: `storage.dedupe`.", examples=["true"])
    gc_delay: Duration = Field(
        default="1h",
        description="Minimum age of garbage before it is collected, such as 1h. zot: `storage.gcDelay`.",
        examples=["1h"],
    )
    gc_interval: Duration = Field(
        default="1h",
        description="Time between garbage collections, such as 24h. zot: `storage.gcInterval`.",
        examples=["24h"],
    )
    retention: list[RetentionPolicy] = Field(
        default=[],
        description="Retention policies. Default: everything is kept. zot: `storage.retention.policies`.",
        examples=[[{"repositories": ["**"]}]],
    )
    immutable_tags: bool = Field(
        default=False, description="Prevent that a tag is moved to another image.", examples=["false"]
    )
    search: bool = Field(default=True, description="Enable search. zot: `extensions.search`.", examples=["true"])
    ui: bool = Field(default=True, description="Enable the UI. Needs search. zot: `extensions.ui`.", examples=["false"])
    cve: Duration | None = Field(
        default=None,
        description="Scan for vulnerabilities and update the database at this interval, at least 2h. Needs "
        "search, not with s3. Default: no scans. zot: `extensions.search.cve.updateInterval`.",
        examples=["24h"],
    )
    scrub: Duration | None = Field(
        default=None,
        description="Verify all stored data at this interval, at least 2h. Default: never. zot: "
        "`extensions.scrub.interval`.",
        examples=["24h"],
    )
    metrics: bool = Field(
        default=False,
        description="Let the user metrics read /metrics. zot: `extensions.metrics`.",
        examples=["true"],
    )
    service_monitor: bool = Field(
        default=False,
        description="Create a ServiceMonitor of the Prometheus operator. Needs `metrics`.",
        examples=["false"],
    )
    mandatory_annotations: list[FilledText] = Field(
        default=[],
        description="Annotations that an image must have, each once. zot: `extensions.lint.mandatoryAnnotations`.",
        examples=[["org.opencontainers.image.source"]],
    )
    trust: bool = Field(
        default=False,
        description="Verify and show signatures of cosign and notation. zot: `extensions.trust`.",
        examples=["true"],
    )
    sync: list[Mirrored] = Field(
        default=[],
        description="Registries to mirror. zot: `extensions.sync.registries`.",
        examples=[[{"url": "https://registry.example.com"}]],
    )
    events: list[Listener] = Field(
        default=[],
        description="Receivers of events. zot: `extensions.events.sinks`.",
        examples=[[{"address": "https://example.com/zot"}]],
    )
    rotate: Text = Field(
        default="",
        description="Credentials version: change it to rotate the push and pull passwords.",
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
