"""Docker Hub, or any other registry that one has an account of: nothing is installed, only what is in it is ours."""

import re

import pulumi
from pydantic import Field, ValidationInfo, field_validator

from components.addresses import HUB
from components.files import check_certificate, content
from components.image_settings import REPOSITORY
from components.registry import Login, Registry
from components.settings import Block, FilledText, SecretText, Superfluous, Text
from providers.docker_hub import DockerHubRepository, DockerHubToken

# Where a login to the Hub is kept in a client's config.json, and so in a pull secret.
AUTH_KEY = "https://index.docker.io/v1/"
# https://docs.docker.com/reference/api/hub/latest/ - a repository's name has one level, below its namespace.
NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
# A host without a dot or a port would be taken for a namespace of the Hub, and the login sent there.
SERVER = re.compile(r"(localhost|[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+|\[[0-9a-fA-F:]+\])(:\d{1,5})?|[a-zA-Z0-9-]+:\d{1,5}")
LONGEST_DESCRIPTION = 100
LONGEST_OVERVIEW = 25_000
# https://docs.docker.com/security/for-developers/access-tokens/ - neither can be narrowed to one repository.
SCOPES = {"pusher": ["repo:write"], "puller": ["repo:read"]}


class DockerHubSettings(Block):
    """The block `hero:dockerhub`."""

    server: FilledText | None = Field(
        default=None,
        description="host[:port] of another registry that replaces Docker Hub.",
        examples=["registry.example.com:5000"],
    )
    namespace: FilledText = Field(
        description="Your user name or organization: a-z and 0-9 with single . _ - inside. With `server`, any "
        "number of such components separated by /.",
        examples=["vfarcic"],
    )
    username: FilledText | None = Field(
        default=None,
        description="The user or organization that authenticates with `token`. Default: `namespace`.",
        examples=["vfarcic"],
    )
    token: SecretText = Field(
        description="An access token with the scope Read, Write, Delete.",
        examples=["TOKEN"],
    )
    ca_certificate: FilledText | None = Field(
        default=None,
        description="The file of the server's private CA certificate in PEM. Only with `server`.",
        examples=["./ca.pem"],
    )
    pusher_token: SecretText | None = Field(
        default=None,
        description="An access token for pushes. Default: one with the scope Read & Write is created.",
        examples=["TOKEN"],
    )
    pusher_username: FilledText | None = Field(
        default=None,
        description="The user of `pusherToken`. Default: `username`.",
        examples=["vfarcic"],
    )
    puller_token: SecretText | None = Field(
        default=None,
        description="An access token for pulls. Default: one with the scope Read-only is created; required with "
        "`server`.",
        examples=["TOKEN"],
    )
    puller_username: FilledText | None = Field(
        default=None,
        description="The user of `pullerToken`. Default: `username`.",
        examples=["vfarcic"],
    )
    description: Text = Field(
        default="Hero",
        max_length=LONGEST_DESCRIPTION,
        description="The repository's short description, at most 100 characters.",
        examples=["Hero"],
    )
    overview: FilledText = Field(
        default="hero/README.md",
        description="A Markdown file for the repository's overview, at most 25000 bytes, relative to the program.",
        examples=["hero/README.md"],
    )
    private: bool = Field(
        default=True,
        description="Make the repository private. With false, everyone can pull from it.",
        examples=["true"],
    )
    immutable_tags: list[FilledText] = Field(
        default=[],
        description="Regular expressions of tags that cannot be moved to another image.",
        examples=[["v.*"]],
    )
    keep_data: bool = Field(
        default=True,
        description="Keep the repository and its images when the stack is destroyed.",
        examples=["true"],
    )
    rotate: Text = Field(
        default="",
        description="Credentials version: change it to replace the push and pull tokens that the stack created.",
        examples=["2026-11"],
    )

    @property
    def levels(self) -> int | None:
        """How many words an image's name may have."""
        return 1 if self.server is None else None

    @field_validator("namespace")
    @classmethod
    def _check_namespace(cls, namespace: str, info: ValidationInfo) -> str:
        allowed = REPOSITORY if info.data.get("server") else NAME
        if not allowed.fullmatch(namespace):
            raise ValueError("not a namespace")
        return namespace

    @field_validator("server")
    @classmethod
    def _check_server(cls, server: str | None) -> str | None:
        if server is not None and not SERVER.fullmatch(server):
            raise ValueError("not host[:port], without https:// and without a path")
        return server

    @field_validator("ca_certificate")
    @classmethod
    def _check_certificate(cls, file: str | None, info: ValidationInfo) -> str | None:
        if file is not None and "server" in info.data and info.data["server"] is None:
            raise Superfluous("the Hub's certificate is a public one")
        return file if file is None else check_certificate(file)

    @field_validator("puller_token")
    @classmethod
    def _check_puller(cls, token: str | None, info: ValidationInfo) -> str | None:
        if token is None and info.data.get("server"):
            raise ValueError("missing: no token can be made at another server")
        return token

    @field_validator("overview")
    @classmethod
    def _check_overview(cls, file: str) -> str:
        if len(content(file).encode()) > LONGEST_OVERVIEW:
            raise ValueError("this file is too long")
        return file

    @field_validator("pusher_username", "puller_username")
    @classmethod
    def _check_username(cls, username: str | None, info: ValidationInfo) -> str | None:
        token = str(info.field_name).replace("username", "token")
        if username is not None and token in info.data and info.data[token] is None and not info.data.get("server"):
            raise Superfluous("without a token of theirs, it is the username's own that are made")
        return username


class DockerHub(Registry):
    """A repository of Docker Hub, with a token that pushes and one that only pulls.

    Type: `hero:registry:DockerHub`. Produces a `hero-home:provider:DockerHubRepository` and, for each of pusher and
    puller that has no token in config, a `hero-home:provider:DockerHubToken`. With `server` it produces nothing:
    another registry has its own ways to make a repository and a login.
    """

    def __init__(
        self,
        name: str,
        settings: DockerHubSettings,
        path: str,
        *,
        tags: list[str],
        discard: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`tags` are the stack's own; with `discard`, a repository may be deleted that has others too."""
        super().__init__("hero:registry:DockerHub", name, None, opts)
        self._name = name
        self._settings = settings
        self._path = path
        self._tags, self._discard = tags, discard
        if settings.server is None:
            self._make_repository()
        address = settings.server or HUB
        certificate = settings.ca_certificate
        self.promise(
            address=address,
            path=f"{settings.namespace}/{path}",
            pusher=self._login("pusher", settings.pusher_username, settings.pusher_token),
            puller=self._login("puller", settings.puller_username, settings.puller_token),
            page=f"https://{settings.server}/v2/{settings.namespace}/{path}/tags/list"
            if settings.server
            else f"https://hub.docker.com/r/{settings.namespace}/{path}",
            auth_key=settings.server or AUTH_KEY,
            ca_certificate=pulumi.Output.from_input(content(certificate)) if certificate else None,
            # On another server the stack makes no repository, and so takes none away.
            keeps_images=settings.keep_data or settings.server is not None,
        )

    def _make_repository(self) -> None:
        settings = self._settings
        DockerHubRepository(
            f"{self._name}-repository",
            username=self._username,
            token=settings.token,
            namespace=settings.namespace,
            repository=self._path,
            description=settings.description,
            overview=content(settings.overview),
            private=settings.private,
            immutable_tags=settings.immutable_tags,
            keep_data=settings.keep_data,
            tags=self._tags,
            discard=self._discard,
            opts=pulumi.ResourceOptions(parent=self),
        )

    @property
    def _username(self) -> str:
        return self._settings.username or self._settings.namespace

    def _login(self, role: str, username: str | None, token: str | None) -> Login:
        """The one that config gives, or one of our own making."""
        settings = self._settings
        if token is None and settings.server:
            token = settings.token
        if token is not None:
            return Login(pulumi.Output.from_input(username or self._username), pulumi.Output.secret(token))
        made = DockerHubToken(
            f"{self._name}-{role}-token",
            username=self._username,
            token=settings.token,
            label=f"{pulumi.get_project()}/{pulumi.get_stack()} {role} of {settings.namespace}/{self._path}",
            scopes=SCOPES[role],
            generation=settings.rotate,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Login(pulumi.Output.from_input(self._username), made.value)
