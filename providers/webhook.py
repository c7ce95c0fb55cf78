"""A call to somebody who wants to know of each new image."""

import pulumi

from providers.resource import HeroResource


class Webhook(HeroResource):
    """One POST per new digest, with what Docker Hub's own webhooks send and, besides it, `digest` and `tags`.

    Type: `hero-home:provider:Webhook`. Calls for another digest, repository or URL, and for nothing else: another tag,
    pusher or secret is only written down. A preview, a refresh and a destroy call nobody. Up to 5 tries within a minute
    where the receiver is in trouble (5xx, 429, unreachable); any other answer than 2xx fails at once. A run that is cut
    short after the call and before that is recorded calls again the next time; the digest tells a repetition.
    """

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        secret: pulumi.Input[str],
        repository: pulumi.Input[str],
        digest: pulumi.Input[str],
        tags: pulumi.Input[list[str]],
        pusher: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Call `url`, itself a secret, once `repository` (`host/namespace/name`) has the image.

        With a `secret`, the header `X-Hub-Signature-256` has `sha256=` and the body's HMAC-SHA256 in hexadecimal
        digits; with an empty one nothing is signed. The first of `tags` is the one that the Hub's payload names.
        """
        super().__init__(
            "Webhook",
            name,
            {
                "url": pulumi.Output.secret(url),
                "secret": pulumi.Output.secret(secret),
                "repository": repository,
                "digest": digest,
                "tags": tags,
                "pusher": pusher,
            },
            opts,
        )
