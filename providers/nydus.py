"""The form of an image from which containers start before it has arrived."""

import pulumi

from providers.resource import HeroResource, proof


class NydusImage(HeroResource):
    """The Nydus form of an image, in the same repository, under each of the image's tags with `-nydus` behind it.

    Type: `hero-home:provider:NydusImage`. Has OCI media types, and for each platform names the image that it was made
    of as its subject, so that it is found among that image's referrers. Converts where the image, `prefetch` or
    `merged` is another, or the registry lost it; another tag is only a name, and another password does nothing. Names
    that are no longer wanted are taken away, and on delete all are, as far as the registry lets a pusher do so, or none
    with `keep`; the image stays.

    The conversion is https://github.com/goharbor/acceleration-service's, with the crate nydus-rs's `nydus-image`: those
    on PATH, else pinned ones that are built when they are first needed.
    """

    nydus_digest: pulumi.Output[str]
    """`sha256:…` of the form, or of the index where there are several platforms or it is merged."""

    def __init__(
        self,
        name: str,
        *,
        repository: pulumi.Input[str],
        tags: list[str],
        digest: pulumi.Input[str],
        merged: bool,
        prefetch: list[str],
        username: pulumi.Input[str],
        password: pulumi.Input[str],
        ca_certificate: pulumi.Input[str],
        plain_http: bool,
        identity_key: pulumi.Input[str | None] | None = None,
        home: pulumi.Input[str],
        keep: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Convert the image `digest` of `repository`; another `home` means that the registry lost what it had.

        With `merged`, it is an index that has the usual form too, with an empty layer before the others, so that nodes
        without the snapshotter run it. `prefetch` are the absolute paths that `nydusd` fetches ahead; nothing else is.
        """
        super().__init__(
            "NydusImage",
            name,
            {
                "repository": repository,
                "tags": tags,
                "digest": digest,
                "merged": merged,
                "prefetch": prefetch,
                "username": username,
                "password": pulumi.Output.secret(password),
                "ca_certificate": ca_certificate,
                "plain_http": plain_http,
                **proof(identity_key),
                "home": home,
                "keep": keep,
                "nydus_digest": None,
            },
            opts,
        )
