"""What Docker Hub is told over its API: a repository, and the tokens that push to it and pull from it."""

import pulumi

from providers.resource import HeroResource

API = "https://hub.docker.com"


class DockerHubRepository(HeroResource):
    """A repository on Docker Hub: what it says of itself, who sees it, and which tags never change.

    Type: `hero-home:provider:DockerHubRepository`; its ID is `namespace/name`, and that is how it is imported. A
    preview asks nobody. A repository that is there already is taken over, unless that would show a private one to
    everybody. Refresh sees what somebody changed on the Hub, and the next `up` mends it; where the Hub cannot be asked,
    the state stays as it is. Another login alone touches nothing. Another namespace or name is another repository, made
    before the old one goes. On destroy it goes with all its images, unless `keep_data` says that it stays.
    """

    def __init__(
        self,
        name: str,
        *,
        username: pulumi.Input[str],
        token: pulumi.Input[str],
        namespace: pulumi.Input[str],
        repository: pulumi.Input[str],
        description: pulumi.Input[str],
        overview: pulumi.Input[str],
        private: pulumi.Input[bool],
        immutable_tags: pulumi.Input[list[str]],
        keep_data: pulumi.Input[bool],
        tags: pulumi.Input[list[str]],
        discard: pulumi.Input[bool],
        api: pulumi.Input[str] = API,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make `repository` in `namespace`.

        `username` is a person's, or an organisation's where `token` is its access token; the token needs the scope
        Read, Write, Delete. `description` has up to 100 characters, `overview` up to 25,000 bytes of Markdown.
        `immutable_tags` are regular expressions; none means that every tag may move.
        `tags` are the stack's own: without `discard`, a delete fails where the repository has others.
        """
        super().__init__(
            "DockerHubRepository",
            name,
            {
                "api": api,
                "username": username,
                "token": pulumi.Output.secret(token),
                "namespace": namespace,
                "name": repository,
                "description": description,
                "overview": overview,
                "private": private,
                "immutable_tags": immutable_tags,
                "keep_data": keep_data,
                "tags": tags,
                "discard": discard,
            },
            opts,
        )


class DockerHubToken(HeroResource):
    """A personal access token that we make, so that whoever pushes or pulls need not hold the one that administers.

    Type: `hero-home:provider:DockerHubToken`; its ID is the token's UUID. It opens every repository of its account:
    Docker Hub cannot bind it to one. A preview asks nobody. Another `generation`, label, scope or user means another
    token, made before the old one goes, so that no pull fails between the two; so does a token that somebody switched
    off. Another administering token alone touches nothing. On destroy it is deleted.
    """

    uuid: pulumi.Output[str]
    """What the account's settings know it by."""
    value: pulumi.Output[str]
    """The token itself; secret."""

    def __init__(
        self,
        name: str,
        *,
        username: pulumi.Input[str],
        token: pulumi.Input[str],
        label: pulumi.Input[str],
        scopes: pulumi.Input[list[str]],
        generation: pulumi.Input[str],
        api: pulumi.Input[str] = API,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make a token for `username`, with the administering `token` of the same user.

        `label` is what people see, with the generation behind it; together they have up to 100 characters. It must be
        this stack's alone: tokens with the same label and generation that were never used are taken for what a run that
        was cut short has left, and deleted. `scopes` are `repo:public_read`, `repo:read`, `repo:write` or `repo:admin`,
        and each includes those before it.
        """
        super().__init__(
            "DockerHubToken",
            name,
            {
                "api": api,
                "username": username,
                "token": pulumi.Output.secret(token),
                "label": label,
                "scopes": scopes,
                "generation": generation,
                "uuid": None,
                "value": None,
            },
            opts,
        )
