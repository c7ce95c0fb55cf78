"""What a stack may say of what zot does besides being a registry: who is told, what is mirrored, what is kept."""

import re
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from components.kubernetes.storage import Bucket
from components.settings import Block, FilledText, SecretText, Superfluous, WebAddress, check_password

# https://pkg.go.dev/time#ParseDuration, without signs and fractions
DURATION = re.compile(r"(?:\d+h)?(?:\d+m)?(?:\d+s)?")
SECONDS_OF = {"h": 3600, "m": 60, "s": 1}


def _check_duration(text: str) -> str:
    if not text or not DURATION.fullmatch(text):
        raise ValueError("not a time such as 24h, 1h30m or 45s")
    return text


def seconds(duration: str) -> int:
    """How long a checked duration is."""
    return sum(int(number) * SECONDS_OF[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error:
        raise ValueError("not a regular expression") from None
    return pattern


Duration = Annotated[FilledText, AfterValidator(_check_duration)]
Pattern = Annotated[FilledText, AfterValidator(_check_pattern)]
Glob = FilledText


class KeptTags(Block):
    """An item of `hero:zot.retention[].keepTags`: a tag stays that fits one of them."""

    patterns: list[Pattern] = Field(
        default=[],
        description="Regular expressions of tags. Default: all.",
        examples=[["v.*"]],
    )
    pulled_within: Duration | None = Field(
        default=None, description="Keep tags that were pulled within this time, such as 720h.", examples=["720h"]
    )
    pushed_within: Duration | None = Field(
        default=None, description="Keep tags that were pushed within this time, such as 720h.", examples=["720h"]
    )
    most_recently_pulled_count: int | None = Field(
        default=None, ge=1, description="Keep this many of the most recently pulled tags; at least 1.", examples=["10"]
    )
    most_recently_pushed_count: int | None = Field(
        default=None, ge=1, description="Keep this many of the most recently pushed tags; at least 1.", examples=["10"]
    )


class RetentionPolicy(Block):
    """An item of `hero:zot.retention`; of several that fit a repository, the first one counts."""

    repositories: list[Glob] = Field(
        min_length=1,
        description="At least one glob: * is any name, ** any path.",
        examples=[["**"]],
    )
    keep_tags: list[KeptTags] = Field(
        default=[],
        description="Rules with patterns, pulledWithin, pushedWithin, mostRecentlyPulledCount and "
        "mostRecentlyPushedCount. Tags that match none are deleted; without rules all tags are kept.",
        examples=[[{"mostRecentlyPushedCount": 10}]],
    )
    delete_untagged: bool = Field(default=True, description="Delete manifests without a tag.", examples=["true"])
    delete_referrers: bool = Field(
        default=False,
        description="Delete SBOMs and signatures of deleted images.",
        examples=["false"],
    )


class MirroredContent(Block):
    """An item of `hero:zot.sync[].content`."""

    prefix: Glob = Field(description="A glob of repositories in the other registry.", examples=["library/**"])
    destination: FilledText | None = Field(
        default=None, description="A path in this registry, starting with /.", examples=["/mirror"]
    )
    strip_prefix: bool = Field(
        default=False, description="Remove the prefix from the path in this registry.", examples=["false"]
    )
    tags: Pattern | None = Field(
        default=None, description="A regular expression of tags. Default: all.", examples=["v.*"]
    )


class Mirrored(Block):
    """An item of `hero:zot.sync`: another registry of which this one is a mirror."""

    url: WebAddress = Field(
        description="The registry's URL, starting with https:// or http://.",
        examples=["https://registry.example.com"],
    )
    on_demand: bool = Field(
        default=True, description="Mirror an image at its first pull. zot: `onDemand`.", examples=["true"]
    )
    every: Duration | None = Field(
        default=None,
        description="Mirror all content at this interval, such as 6h. zot: `pollInterval`.",
        examples=["6h"],
    )
    content: list[MirroredContent] = Field(
        default=[],
        description="What is mirrored. Default: everything.",
        examples=[[{"prefix": "library/**"}]],
    )
    username: FilledText | None = Field(default=None, description="The user.", examples=["vfarcic"])
    password: SecretText | None = Field(
        default=None, description="The password. Required with `username`.", examples=["PASSWORD"]
    )
    insecure_skip_verify: bool = Field(
        default=False,
        description="Skip TLS verification of the registry. zot: `tlsVerify: false`.",
        examples=["false"],
    )

    @field_validator("every")
    @classmethod
    def _check_every(cls, every: str | None, info: ValidationInfo) -> str | None:
        if every is None and info.data.get("on_demand") is False:
            raise ValueError("missing: neither on demand nor by schedule anything would come")
        return every

    @field_validator("content")
    @classmethod
    def _check_content(cls, content: list[MirroredContent], info: ValidationInfo) -> list[MirroredContent]:
        if not content and info.data.get("every"):
            raise ValueError("missing: by schedule only what is named comes")
        return content

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        return check_password(password, info.data.get("username"))


class Sink(StrEnum):
    """Whom events are told to."""

    HTTP = "http"
    NATS = "nats"


class Listener(Block):
    """An item of `hero:zot.events`: who is told of what happens in the registry."""

    type: Sink = Field(default=Sink.HTTP, description="The receiver's type: http or nats.", examples=["http"])
    address: FilledText = Field(
        description="A URL starting with https:// or http:// (http), or nats://host:port (nats).",
        examples=["https://example.com/zot"],
    )
    channel: FilledText | None = Field(
        default=None, description="The subject of the events. Only with nats.", examples=["hero"]
    )
    timeout: Duration = Field(default="30s", description="The timeout, such as 30s.", examples=["30s"])

    @field_validator("address")
    @classmethod
    def _check_address(cls, address: str, info: ValidationInfo) -> str:
        parts = urlsplit(address)
        allowed = {Sink.HTTP: ("https", "http"), Sink.NATS: ("nats", "tls")}.get(info.data.get("type", ""), ())
        if allowed and (parts.scheme not in allowed or not parts.hostname):
            raise ValueError("not such an address")
        return address

    @field_validator("channel")
    @classmethod
    def _check_channel(cls, channel: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("type") == Sink.NATS and channel is None:
            raise ValueError("missing: nats publishes on a subject")
        if info.data.get("type") == Sink.HTTP and channel is not None:
            raise Superfluous("only nats has subjects")
        return channel


class ZotBucket(Bucket):
    """The block `hero:zot.s3`: a bucket in the claim's place."""

    folder: FilledText = Field(
        default="/zot", description="The path in the bucket, starting with /.", examples=["/zot"]
    )
