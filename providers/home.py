"""Where everything lives, remembered, so that it comes along when the stack chooses another registry."""

from typing import Literal

import pulumi

from providers.resource import HeroResource, proof


class Home(HeroResource):
    """Hero's home of this moment, with the login that gets everything out of it.

    Type: `hero-home:provider:Home`. When `registry` changes, the update copies what lives in the old repository to the
    new one, with the same digests, and reads it back; the engine takes the old registry down only after that. A preview
    says what would be copied. A delete fails where images would go that the stack did not make.
    """

    def __init__(
        self,
        name: str,
        *,
        registry: str,
        repository: pulumi.Input[str],
        username: pulumi.Input[str],
        password: pulumi.Input[str],
        ca_certificate: pulumi.Input[str],
        plain_http: bool,
        identity_key: pulumi.Input[str | None] | None = None,
        tags: list[str],
        keeps_images: bool,
        copy: Literal["all", "current", "none"],
        discard: bool,
        mirrors: list[str],
        directory: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`registry` is the choice by its name in config, and `tags` are those that the stack itself gives.

        With `keeps_images` the registry's images outlive it. `discard` lets go of images that are nowhere else.
        `mirrors` are choices that the stack has too, so that one of them which was the home before loses nothing.
        `directory` is the embedded registry's: its images are read from the disk while it does not run.
        """
        super().__init__(
            "Home",
            name,
            {
                "registry": registry,
                "repository": repository,
                "username": username,
                "password": pulumi.Output.secret(password),
                "ca_certificate": ca_certificate,
                "plain_http": plain_http,
                **proof(identity_key),
                "tags": tags,
                "keeps_images": keeps_images,
                "copy": copy,
                "discard": discard,
                "mirrors": mirrors,
                "directory": directory,
            },
            opts,
        )
