"""What a Dragonfly's manager is asked over its API, which only its cluster can reach."""

from dataclasses import dataclass

import pulumi

from providers.resource import HeroResource


@dataclass(frozen=True)
class Manager:
    """Where a manager is: a release in a namespace, reached by a port that the cluster's API forwards.

    Empty texts for `kubeconfig` and `context` mean what kubectl would take. `identity` is any text that is another one
    where its database is another; `patience` is in seconds, for all of what is asked at once.
    """

    kubeconfig: str
    context: str
    namespace: pulumi.Input[str]
    release: str
    port: int
    identity: pulumi.Input[str]
    patience: int

    def inputs(self) -> dict[str, pulumi.Input[object]]:
        """As both resources take it."""
        return {
            "kubeconfig": self.kubeconfig,
            "context": self.context,
            "namespace": self.namespace,
            "release": self.release,
            "port": self.port,
            "identity": self.identity,
            "patience": self.patience,
        }


class DragonflyAccount(HeroResource):
    """The manager's first account with a password of ours, and a token of it that may do nothing but jobs.

    Type: `hero-home:provider:DragonflyAccount`. A preview asks nobody. The password that stands in the manual is
    replaced when this is made, and another `password` when that changes; another `generation` is another token, and the
    old one goes. Another `identity` is another database, where all of it begins anew. Refresh looks at nothing. On
    destroy the token goes, and the manual's password comes back, since nobody would know ours any more; where that
    cannot be done it warns. Raises, with words of the manager's: a password that is neither ours nor the manual's, and
    whatever it refuses.
    """

    token: pulumi.Output[str]
    """A personal access token with the scope `job`; a secret."""

    def __init__(
        self,
        name: str,
        *,
        manager: Manager,
        password: pulumi.Input[str],
        generation: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """The password has 8 to 20 characters."""
        super().__init__(
            "DragonflyAccount",
            name,
            {
                **manager.inputs(),
                "password": pulumi.Output.secret(password),
                "generation": generation,
                "token": None,
                "token_id": None,
            },
            opts,
        )


class DragonflyPreheat(HeroResource):
    """A wait until Dragonfly has fetched an image for those who are to have it before anybody asks.

    Type: `hero-home:provider:DragonflyPreheat`. Each new digest is one job, whose progress is told; a preview starts
    none, refresh and destroy neither. Another scope or identity is a job as well, another login or token alone is none.
    Raises, with the job's own words: a job that failed, which it has too where one of those who shall have the image
    has not got it after 80 seconds; and a job that is not over when the patience ends, which the manager may leave so
    for ever. Warns of those that are ready and that Dragonfly's schedulers do not know after that time.
    """

    digest: pulumi.Output[str]
    """Of the image, once it was fetched."""

    def __init__(
        self,
        name: str,
        *,
        manager: Manager,
        token: pulumi.Input[str],
        repository: pulumi.Input[str],
        digest: pulumi.Input[str],
        username: pulumi.Input[str],
        password: pulumi.Input[str],
        ca_certificate: pulumi.Input[str],
        scope: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`repository` is an URL, `https://host/v2/path`; the login is that of who may only pull.

        `ca_certificate` is PEM; empty, those are trusted whom this machine trusts. The registry is asked how one logs
        in to it: the manager has to be told of a password in another way where the registry gives no tokens for it.
        The manager gives the login back in clear to whoever has a token for its jobs. `scope` is `all_seed_peers`
        or `all_peers`.
        """
        super().__init__(
            "DragonflyPreheat",
            name,
            {
                **manager.inputs(),
                "token": pulumi.Output.secret(token),
                "repository": repository,
                "digest": digest,
                "username": username,
                "password": pulumi.Output.secret(password),
                "ca_certificate": ca_certificate,
                "scope": scope,
            },
            opts,
        )
