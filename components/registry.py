"""What every choice promises, so that whatever comes after a registry need not know which one it is."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Login:
    """A user of a registry; the password is a secret."""

    username: pulumi.Output[str]
    password: pulumi.Output[str]


@dataclass(frozen=True)
class Proxy:
    """On each node, who is asked instead of the registry; while that one is ill, the registry itself is."""

    url: str
    """Such as `http://127.0.0.1:4001`, which is the node's own loopback."""
    health: str
    """Answers with 200 as long as the proxy is well."""


@dataclass(frozen=True)
class Fetcher:
    """Who fetches images for nodes before anybody pulls them: the manager of a Dragonfly in the same cluster."""

    namespace: pulumi.Output[str]
    """Which is its alone."""
    url: pulumi.Output[str]
    """Where pods find it."""
    token: pulumi.Output[str]
    scope: str
    """As the manager's API has it, such as `all_seed_peers`."""


class Registry(pulumi.ComponentResource):
    """A place where container images live. Each choice is a subclass with a type `hero:registry:<Choice>`."""

    address: pulumi.Output[str]
    """`host[:port]`, exactly as a client writes it in an image reference."""
    repository: pulumi.Output[str]
    """`address/path`, where Hero's image lives."""
    pusher: Login
    """May push and pull, and administer nothing."""
    puller: Login
    """May pull, and not push."""
    ca_certificate: pulumi.Output[str] | None
    """PEM of the private authority that signed the certificate; None where none is needed."""
    plain_http: bool
    """Whether clients reach it without TLS though it may be on another machine, which config has to say."""
    identity_key: pulumi.Output[str | None] | None
    """The key by which the embedded registry proves its identity to the plugin; None for other registries."""
    auth_key: pulumi.Output[str]
    """Under which a client's config.json, and so a pull secret, keeps a login to it."""
    page: pulumi.Output[str]
    """Where a person looks at it in a browser."""
    login: pulumi.Output[str]
    """The command with which a Docker engine logs in as the puller."""
    keeps_images: bool
    """Whether its images outlive it, be it because config says so or because they are not the stack's to delete."""
    storage: pulumi.Output[str]
    """Names the stored data; another name means that images stored before are gone and must be pushed again."""
    directory: str = ""
    """Where the images are on this machine; empty where they are elsewhere."""
    is_whole: bool = False
    """Whether the registry with all its repositories is the stack's, and is deleted with it."""
    administrator: dict[str, pulumi.Input[object]] | None = None
    """A login with which all projects of a Harbor of the stack's own are read."""
    proxy: Proxy | None = None
    """Who gives nodes what others of them have fetched already, where somebody does."""

    def admit(self, name: str, digest: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
        """The digest of an image that was just pushed, once others may hear of it.

        A choice may look at the image first; `name` begins the names of what it makes for that, below `parent`.
        """
        return self.spread(name, digest, parent)

    def spread(self, name: str, digest: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
        """The digest of what others may hear of, or was made of such, once whoever is to have it early has it."""
        del name, parent
        return digest

    def tell_of(self, fetcher: Fetcher, name: str, opts: pulumi.ResourceOptions) -> None:
        """Have the fetcher told of what others push beside Hero, by a choice that can.

        `name` is that of the resource which does so.
        """

    def promise(
        self,
        *,
        address: pulumi.Input[str],
        path: pulumi.Input[str],
        pusher: Login,
        puller: Login,
        page: pulumi.Input[str],
        auth_key: str | None = None,
        ca_certificate: pulumi.Output[str] | None = None,
        plain_http: bool = False,
        identity_key: pulumi.Output[str | None] | None = None,
        keeps_images: bool,
        storage: pulumi.Input[str] = "",
    ) -> None:
        """Give the promised outputs; the last thing that a choice's constructor does."""
        self.address = pulumi.Output.from_input(address)
        self.repository = pulumi.Output.concat(address, "/", path)
        # Whatever a choice gives, a password is a secret from here on.
        self.pusher = Login(pusher.username, pulumi.Output.secret(pusher.password))
        self.puller = Login(puller.username, pulumi.Output.secret(puller.password))
        self.auth_key = pulumi.Output.from_input(address if auth_key is None else auth_key)
        self.ca_certificate = ca_certificate
        self.plain_http = plain_http
        self.identity_key = None if identity_key is None else identity_key.apply(_secret)
        self.keeps_images = keeps_images
        self.page = pulumi.Output.from_input(page)
        self.login = pulumi.Output.concat(
            f"./pulumiw stack output pullerPassword --show-secrets --stack {pulumi.get_stack()} | docker login ",
            self.address,
            " --password-stdin --username '",
            puller.username,
            "'",
        )
        self.storage = pulumi.Output.from_input(storage)
        self.register_outputs(
            {
                "address": self.address,
                "repository": self.repository,
                "pusherUsername": pusher.username,
                "pullerUsername": puller.username,
                "caCertificate": ca_certificate,
                "page": self.page,
            }
        )


def _secret(key: str | None) -> pulumi.Input[str | None]:
    return None if key is None else pulumi.Output.secret(key)
