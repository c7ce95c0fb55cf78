"""What a stack may say of Hero's image."""

import re
import tarfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from components.settings import Block, FilledText, SecretText, Superfluous, Text, WebAddress, check_once

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
# The referrers tag schema keeps these for what is attached to an image.
REFERRERS_TAG = re.compile(r"sha\d+-.*")
# What the Docker engine and Go both call an image's platform; `go tool dist list` knows all of Linux's.
PLATFORM = re.compile(
    r"linux/(386|amd64(/v[1-4])?|arm(/v[5-7])?|arm64(/v[89])?|loong64|mips|mipsle|mips64|mips64le|ppc64|ppc64le|"
    r"riscv64|s390x)|windows/(386|amd64|arm64)"
)
# https://github.com/distribution/reference/blob/main/reference.go
REFERENCE = re.compile(
    rf"([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d+)?/)?{REPOSITORY.pattern}(:{TAG.pattern})?(@sha256:[0-9a-f]{{64}})?"
)
# What such files begin with (RFC 1952, RFC 8878).
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
LONGEST_REPOSITORY = 200
# As everybody calls them who makes such images; the plugin puts it there.
NYDUS_SUFFIX = "-nydus"


class Build(StrEnum):
    """How the image comes to be."""

    KO = "ko"
    DOCKER = "docker"
    EXISTING = "existing"


class Nydus(StrEnum):
    """Whether the image gets a form from which containers start before it has arrived, and in which shape."""

    NONE = "false"
    BESIDE = "true"
    MERGED = "merged"


def _said_as_truth_value(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _check_inside(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("does not begin with /")
    if ".." in path.split("/"):
        raise ValueError("leads out of the folder that it is in")
    return path


def _check_tag(tag: str) -> str:
    if not TAG.fullmatch(tag):
        raise ValueError("not a tag")
    if REFERRERS_TAG.fullmatch(tag):
        raise ValueError("registries keep such tags for what is attached to an image")
    return tag


def _check_platform(platform: str) -> str:
    if not PLATFORM.fullmatch(platform):
        raise ValueError("not a platform")
    return platform


class ImageSettings(Block):
    """The block `hero:image`."""

    name: Text = Field(
        default="hero",
        max_length=LONGEST_REPOSITORY,
        description="The image's path in the registry: a-z, 0-9 and single . _ - inside a component, components "
        "separated by /.",
        examples=["hero"],
    )
    tags: list[Annotated[Text, AfterValidator(_check_tag)]] = Field(
        default=["latest"],
        min_length=1,
        description="At least one tag, each once: up to 128 characters of A-Z a-z 0-9 _ . -, not starting with . or -.",
        examples=[["v0.0.1", "latest"]],
    )
    build: Build = Field(
        default=Build.KO,
        description="How the image is built: ko (a Go program, without Docker), docker (a Dockerfile) or existing"
        " (`image.source`).",
        examples=["ko"],
    )
    context: FilledText = Field(
        default="hero",
        description="The directory of a Go main package in a module (ko), or the build context (docker), relative"
        " to the program.",
        examples=["hero"],
    )
    dockerfile: FilledText | None = Field(
        default=None,
        description="The Dockerfile, relative to the context. Only with docker. Default: Dockerfile.",
        examples=["Dockerfile"],
    )
    platforms: list[Annotated[Text, AfterValidator(_check_platform)]] | None = Field(
        default=None,
        min_length=1,
        description="Platforms as os/architecture[/variant], each once, such as linux/amd64 or linux/arm/v7: any "
        "number of Linux platforms with ko, one with docker, none with existing.",
        examples=[["linux/amd64", "linux/arm64"]],
    )
    source: FilledText | None = Field(
        default=None,
        description="An image of the Docker engine (cncf-demo:v0.0.1), or the path of a `docker save` archive or "
        "OCI image layout, starting with . or /. Only with existing.",
        examples=["./hero.tar"],
    )

    webhooks: list[WebAddress] = Field(
        default=[],
        description="URLs starting with https:// or http://, each once, that get one POST per new digest, in "
        "Docker Hub's webhook format.",
        examples=[["https://example.com/hero"]],
    )
    webhook_secret: SecretText | None = Field(
        default=None,
        description="The key that signs webhook calls in the header X-Hub-Signature-256.",
        examples=["SECRET"],
    )
    sbom: bool | None = Field(
        default=None,
        description="Attach an SBOM. Only with docker and existing; images of ko always have one.",
        examples=["true"],
    )
    nydus: Annotated[Nydus, BeforeValidator(_said_as_truth_value)] = Field(
        default=Nydus.NONE,
        description="Push a Nydus image under each tag with the suffix -nydus: true (the Nydus image), merged (an"
        " index of the OCI image and the Nydus image) or false.",
        examples=["true"],
    )
    nydus_prefetch: list[Annotated[FilledText, AfterValidator(_check_inside)]] = Field(
        default=[],
        description="Absolute paths of files and directories in the image, each once, that a container reads "
        "first. Only with `nydus`.",
        examples=[["/ko-app/hero"]],
    )

    @property
    def every_tag(self) -> list[str]:
        """The tags, and where there is a Nydus form those of it."""
        formed = [] if self.nydus == Nydus.NONE else [f"{tag}{NYDUS_SUFFIX}" for tag in self.tags]
        return [*self.tags, *formed]

    @property
    def source_is_path(self) -> bool:
        """Whether the existing image lies on disk; else it is in the Docker engine."""
        return (self.source or "").startswith((".", "/"))

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not REPOSITORY.fullmatch(name):
            raise ValueError("not a repository path")
        return name

    @field_validator("tags", "platforms", "webhooks", "nydus_prefetch")
    @classmethod
    def _check_once(cls, values: list[str] | None) -> list[str] | None:
        return check_once(values)

    @field_validator("context")
    @classmethod
    def _check_context(cls, context: str, info: ValidationInfo) -> str:
        build: Build | None = info.data.get("build")
        if build in (Build.KO, Build.DOCKER) and not _exists(context, Path.is_dir):
            raise ValueError("there is no such folder")
        if build == Build.KO and not any(Path(context).glob("*.go")):
            raise ValueError("no Go file is in this folder")
        if build == Build.KO and not any(_exists(folder / "go.mod", Path.is_file) for folder in _and_above(context)):
            raise ValueError("neither this folder nor one above it has a go.mod")
        return context

    @field_validator("dockerfile")
    @classmethod
    def _check_dockerfile(cls, dockerfile: str | None, info: ValidationInfo) -> str | None:
        build: Build | None = info.data.get("build")
        context: str | None = info.data.get("context")
        if dockerfile is not None and build and build != Build.DOCKER:
            raise Superfluous(f"build {build.value} has no Dockerfile")
        wanted = dockerfile or "Dockerfile"
        if build == Build.DOCKER and context is not None and not _exists(f"{context}/{wanted}", Path.is_file):
            raise ValueError(f"there is no file {wanted} in {context}")
        return dockerfile

    @field_validator("platforms")
    @classmethod
    def _check_platforms(cls, platforms: list[str] | None, info: ValidationInfo) -> list[str] | None:
        build: Build | None = info.data.get("build")
        if build == Build.DOCKER and platforms and len(platforms) > 1:
            raise ValueError("the Docker engine builds for one platform at a time; ko builds for several")
        if build == Build.EXISTING and platforms:
            raise Superfluous("an existing image has the platforms that it has")
        if build == Build.KO and any(platform.startswith("windows/") for platform in platforms or []):
            raise ValueError("the base that ko builds upon is one for Linux")
        return platforms

    @field_validator("source")
    @classmethod
    def _check_source(cls, source: str | None, info: ValidationInfo) -> str | None:
        build: Build | None = info.data.get("build")
        if build == Build.EXISTING and not source:
            raise ValueError("build existing needs to know which image")
        if source and build and build != Build.EXISTING:
            raise Superfluous(f"build {build.value} builds image.context")
        if source and source.startswith((".", "/")):
            _check_image_on_disk(source)
        elif source and _exists(source, Path.is_file):
            raise ValueError("a file has this name: put ./ before it, or a tag behind it")
        elif source and not REFERENCE.fullmatch(source):
            raise ValueError("not the name of an image, and a path begins with . or /")
        return source

    @field_validator("sbom")
    @classmethod
    def _check_sbom(cls, sbom: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001 - the value itself
        if sbom is not None and info.data.get("build") == Build.KO:
            raise Superfluous("an image that ko builds always has an SBOM")
        return sbom

    @field_validator("nydus")
    @classmethod
    def _check_nydus(cls, nydus: Nydus, info: ValidationInfo) -> Nydus:
        tags: list[str] = info.data.get("tags", [])
        for tag in tags if nydus != Nydus.NONE else []:
            if f"{tag}{NYDUS_SUFFIX}" in tags:
                raise Superfluous(f"{tag}{NYDUS_SUFFIX} is one of the tags already")
            if not TAG.fullmatch(f"{tag}{NYDUS_SUFFIX}"):
                raise Superfluous(f"the tag {tag} is too long to have {NYDUS_SUFFIX} behind it")
        return nydus

    @field_validator("nydus_prefetch")
    @classmethod
    def _check_prefetch(cls, paths: list[str], info: ValidationInfo) -> list[str]:
        if paths and info.data.get("nydus") == Nydus.NONE:
            raise Superfluous("without nydus nothing is fetched ahead")
        return paths


def _check_image_on_disk(source: str) -> None:
    if _exists(source, Path.is_dir):
        if not _exists(Path(source) / "index.json", Path.is_file):
            raise ValueError("this folder is no OCI image layout: it has no index.json")
    elif not _exists(source, Path.is_file):
        raise ValueError("there is no such file or folder")
    elif not _exists(source, _is_archive):
        raise ValueError("this file is no archive of an image: a tar, also with gzip, bzip2 or zstd")


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(len(ZSTD)).startswith((GZIP, ZSTD)):
            # The plugin decompresses it and names what is wrong with it. Python knows zstd since 3.14.
            return True
    try:
        with tarfile.open(path, "r:*"):
            return True
    except (tarfile.TarError, EOFError):
        return False


def _exists(path: Path | str, is_there: Callable[[Path], bool]) -> bool:
    try:
        return is_there(Path(path))
    except (OSError, ValueError):
        # Too long a name, no permission, a character that no path may have: whatever it is, it cannot be used.
        return False


def _and_above(context: str) -> list[Path]:
    # A link may lead into a module.
    folders = (Path(context).resolve(), Path(context).absolute())
    return [each for folder in folders for each in (folder, *folder.parents)]
