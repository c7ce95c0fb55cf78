"""Breaks of the image, of config, and of the choices that need no cluster."""

from tests.engine.mutations.mutation import Mutation

IMAGE = "components/hero_image.py"
EMBEDDED = "components/registries/embedded.py"
HUB = "components/registries/docker_hub.py"
GRAPH = "tests/unit/test_graph.py"
NYDUS_IMAGE_TESTS = "tests/unit/test_nydus_image.py"
DRAGONFLY_TESTS = "tests/unit/test_dragonfly.py"
HUB_TESTS = "tests/unit/test_docker_hub.py"
INSIDE_TESTS = "tests/unit/test_harbor_inside.py"
WRONG_CONFIGURATION = "tests/unit/test_wrong_configuration.py"
IN_CLEAR = "tests/engine/test_secrets.py"
LIFE = "tests/engine/test_life.py"

MUTATIONS = [
    Mutation(
        "an image that is not handed out is never put there again",
        "providers/withheld.go",
        "response.StatusCode, response.Status = http.StatusNotFound, http.StatusText(http.StatusNotFound)",
        "",
        "TestARefreshDoesNotTakeWhatIsWithheldForMissing",
    ),
    Mutation(
        "a tag of an image that is not handed out is never given to a better one",
        "providers/repository.go",
        "case isWithheld(err):",
        "case false:",
        "TestAnImageThatIsWithheldIsReplacedByABetterOne",
    ),
    Mutation(
        "what is not handed out is taken for missing",
        "providers/repository.go",
        "withheld = append(withheld, tag)",
        "missing = append(missing, tag)",
        "TestARefreshDoesNotTakeWhatIsWithheldForMissing",
    ),
    Mutation(
        "the image does not wait for the registry",
        IMAGE,
        "self._placed = pulumi.ResourceOptions(parent=self, depends_on=after)",
        "self._placed = pulumi.ResourceOptions(parent=self)",
        f"{LIFE}::test_order[harbor-ko]",
    ),
    Mutation(
        "the pusher's password is no secret",
        "providers/image.py",
        "pulumi.Output.secret(password)",
        "pulumi.Output.unsecret(password)",
        f"{GRAPH}::test_passwords_are_secret_wherever_they_go",
    ),
    Mutation(
        "the docker build's password is no secret",
        IMAGE,
        "password=pulumi.Output.secret(registry.pusher.password)",
        "password=pulumi.Output.unsecret(registry.pusher.password)",
        f"{GRAPH}::test_passwords_are_secret_wherever_they_go",
    ),
    Mutation(
        "a choice's passwords are what the choice makes of them",
        "components/registry.py",
        "Login(puller.username, pulumi.Output.secret(puller.password))",
        "Login(puller.username, pulumi.Output.unsecret(puller.password))",
        f"{GRAPH}::test_of_the_outputs_only_the_passwords_are_secret",
    ),
    Mutation(
        "the puller pushes",
        IMAGE,
        "source=self._source(),\n            username=registry.pusher.username",
        "source=self._source(),\n            username=registry.puller.username",
        f"{GRAPH}::test_the_pusher_pushes_and_the_puller_does_nothing",
    ),
    Mutation(
        "pusher and puller are swapped",
        EMBEDDED,
        '"pusher"), process.pusher_password',
        '"pusher"), process.puller_password',
        f"{GRAPH}::test_the_image_is_pushed_as_config_says",
    ),
    Mutation(
        "only the first tag is pushed",
        IMAGE,
        "tags=settings.tags,\n            source",
        "tags=settings.tags[:1],\n            source",
        f"{GRAPH}::test_the_image_goes_where_the_registry_says",
    ),
    Mutation(
        "consumers get a tag",
        IMAGE,
        '"@", self.digest',
        '":", settings.tags[0]',
        f"{GRAPH}::test_consumers_get_a_digest_and_no_secret",
    ),
    Mutation(
        "a preview builds",
        IMAGE,
        "build_on_preview=False",
        "build_on_preview=True",
        f"{GRAPH}::test_docker_builds_and_never_in_a_preview",
    ),
    Mutation(
        "lost images are not built again",
        IMAGE,
        "replacement_trigger=registry.storage,",
        "",
        f"{LIFE}::test_every_key[embedded-docker-embedded.directory]",
    ),
    Mutation(
        "lost images are not pushed again",
        IMAGE,
        "home=registry.storage,\n            sbom",
        'home="",\n            sbom',
        f"{GRAPH}::test_the_image_is_pushed_as_config_says",
    ),
    Mutation(
        "lost Nydus images are not made again",
        IMAGE,
        "home=registry.storage,\n            keep",
        'home="",\n            keep',
        f"{NYDUS_IMAGE_TESTS}::test_it_is_made_of_the_image_by_whoever_pushes",
    ),
    Mutation(
        "kept data lose their Nydus tags",
        IMAGE,
        "keep=registry.keeps_images",
        "keep=False",
        f"{NYDUS_IMAGE_TESTS}::test_its_tags_are_kept_where_images_are",
    ),
    Mutation(
        "nobody has the Nydus image early",
        IMAGE,
        "registry.spread(name, converted.nydus_digest, self)",
        "converted.nydus_digest",
        f"{DRAGONFLY_TESTS}::test_an_images_nydus_form_is_fetched_too",
    ),
    Mutation(
        "all Nydus images are merged",
        IMAGE,
        "merged=form == Nydus.MERGED",
        "merged=True",
        f"{NYDUS_IMAGE_TESTS}::test_it_is_made_of_the_image_by_whoever_pushes",
    ),
    Mutation(
        "what a container needs first is not said",
        IMAGE,
        "prefetch=self._settings.nydus_prefetch",
        "prefetch=[]",
        f"{NYDUS_IMAGE_TESTS}::test_it_is_made_of_the_image_by_whoever_pushes",
    ),
    Mutation(
        "a Nydus image's password is no secret",
        "providers/nydus.py",
        "pulumi.Output.secret(password)",
        "pulumi.Output.unsecret(password)",
        f"{NYDUS_IMAGE_TESTS}::test_it_is_made_of_the_image_by_whoever_pushes",
    ),
    Mutation(
        "the passwords cannot be rotated",
        EMBEDDED,
        "rotate=settings.rotate",
        'rotate=""',
        f"{GRAPH}::test_the_registry_is_made_as_config_says",
    ),
    Mutation(
        "data are kept that nobody wanted kept",
        EMBEDDED,
        "keep_data=settings.keep_data",
        "keep_data=True",
        f"{GRAPH}::test_the_registry_is_made_as_config_says",
    ),
    Mutation(
        "the Hub's repository goes with its images",
        HUB,
        "keep_data=settings.keep_data",
        "keep_data=False",
        f"{HUB_TESTS}::test_a_repository_and_two_narrow_tokens_are_made",
    ),
    Mutation(
        "the puller's token may push",
        HUB,
        '"puller": ["repo:read"]',
        '"puller": ["repo:write"]',
        f"{HUB_TESTS}::test_a_repository_and_two_narrow_tokens_are_made",
    ),
    Mutation(
        "the Hub's tokens cannot be rotated",
        HUB,
        "generation=settings.rotate",
        'generation=""',
        f"{HUB_TESTS}::test_a_repository_and_two_narrow_tokens_are_made",
    ),
    Mutation(
        "an image is told of before it was looked at",
        IMAGE,
        "registry.admit(name, pushed.digest, self)",
        "pushed.digest",
        f"{INSIDE_TESTS}::test_an_image_that_is_not_looked_at_yet_is_told_to_nobody",
    ),
    Mutation(
        "a token may stand in clear",
        "components/reader.py",
        "self._tell_what_is_in_clear(key, model, given)",
        "",
        f"{HUB_TESTS}::test_a_token_in_clear_is_refused_and_not_repeated",
    ),
    Mutation(
        "an unknown key is let through",
        "components/settings.py",
        'extra="forbid"',
        'extra="ignore"',
        f"{WRONG_CONFIGURATION}::test_what_is_wrong_is_told_where_it_is",
    ),
    Mutation(
        "the SDK's debug lines tell secrets",
        "components/__init__.py",
        'msg.partition(", props=")[0]',
        "msg",
        f"{IN_CLEAR}::test_no_secret_in_clear[embedded-ko-well]",
    ),
]
