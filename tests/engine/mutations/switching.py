"""Breaks of the home that brings everything along to another registry, and of copies of the image."""

from tests.engine.mutations.mutation import Mutation

HOME = "providers/home.go"
COPY = "providers/image_copy.go"
SWITCH = "components/switch.py"
GUARD = "components/storage_guard.py"
PROGRAM = "__main__.py"
GRAPH = "tests/unit/test_graph.py"
SAID = "tests/unit/test_switch.py"
SWITCHING = "tests/engine/test_switching.py"

MUTATIONS = [
    Mutation(
        "the home is not where the image is",
        SWITCH,
        "registry=keeper",
        'registry="home"',
        f"{SAID}::test_the_home_is_where_the_pusher_pushes",
    ),
    Mutation(
        "the home does not wait for the registry",
        SWITCH,
        "opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[registry]))",
        "opts=opts",
        f"{SWITCHING}::test_everything_comes_along[embedded-docker-zot-docker]",
    ),
    Mutation(
        "whoever only pulls shall bring everything along",
        SWITCH,
        "username=registry.pusher.username,\n        password=registry.pusher.password",
        "username=registry.puller.username,\n        password=registry.puller.password",
        f"{SAID}::test_the_home_is_where_the_pusher_pushes",
    ),
    Mutation(
        "images of others may go with their registry",
        SWITCH,
        "keeps_images=registry.keeps_images",
        "keeps_images=True",
        f"{SAID}::test_whether_the_images_outlive_the_registry",
    ),
    Mutation(
        "images of others are given up unasked",
        GUARD,
        "discard=settings.discard",
        "discard=True",
        f"{SWITCHING}::test_what_is_nowhere_else_is_not_destroyed",
    ),
    Mutation(
        "everything comes along, whatever config says",
        SWITCH,
        "copy=settings.copied.value",
        'copy="all"',
        f"{SAID}::test_what_comes_along_is_as_config_says",
    ),
    Mutation(
        "tags of the Nydus form are somebody else's",
        PROGRAM,
        "settings.image.every_tag",
        "settings.image.tags",
        f"{SAID}::test_the_stacks_own_tags_are_those_of_the_nydus_form_too",
    ),
    Mutation(
        "the image does not wait for what is brought along",
        PROGRAM,
        "after=[registry, home])",
        "after=[registry])",
        f"{GRAPH}::test_the_image_waits_for_the_registry_and_all_in_it",
    ),
    Mutation(
        "the home of a Dragonfly is not the registry behind it",
        PROGRAM,
        "settle(registry, settings.keeper,",
        "settle(registry, settings.registry,",
        f"{SAID}::test_dragonfly_keeps_nothing_so_the_home_is_what_is_behind_it",
    ),
    Mutation(
        "the password of the home of before stands in clear",
        "providers/home.py",
        "pulumi.Output.secret(password)",
        "pulumi.Output.unsecret(password)",
        f"{GRAPH}::test_passwords_are_secret_wherever_they_go",
    ),
    Mutation(
        "the password of the home stands in its state in clear",
        HOME,
        "encode(homeState{homeInputs: h, Before: before}, accessSecrets...)",
        "encode(homeState{homeInputs: h, Before: before})",
        "TestAMoveBringsEverythingAlong",
    ),
    Mutation(
        "another choice begins with nothing",
        HOME,
        "if old.Registry != wanted.Registry {",
        "if false {",
        "TestAMoveBringsEverythingAlong",
    ),
    Mutation(
        "the same choice is moved too",
        HOME,
        "if old.Registry != wanted.Registry {",
        "if true {",
        "TestAMoveAlongTheSameChoiceCopiesNothing",
    ),
    Mutation(
        "a preview moves",
        HOME,
        '\tif call.preview {\n\t\tcall.progress.info("%s"',
        '\tif false {\n\t\tcall.progress.info("%s"',
        "TestAMoveBringsEverythingAlong",
    ),
    Mutation(
        "what is nowhere else is left behind",
        HOME,
        "len(lost) > 0 && !h.KeepsImages && !h.staysWith(wanted) && !wanted.Discard",
        "len(lost) > 100 && !h.KeepsImages && !h.staysWith(wanted) && !wanted.Discard",
        "TestCurrentRefusesToLoseTheRest",
    ),
    Mutation(
        "what is nowhere else is destroyed",
        HOME,
        "err != nil || state.KeepsImages || state.Discard",
        "err != nil || true",
        "TestTheLastHomeIsNotLeftWithImagesOfOthers",
    ),
    Mutation(
        "a registry that is gone cannot be destroyed",
        HOME,
        'nobody has looked whether %s has images of somebody else: %v", state.Repository, err)\n\t\treturn nil',
        'nobody has looked whether %s has images of somebody else: %v", state.Repository, err)\n\t\treturn err',
        "TestARegistryThatIsGoneStopsNoDestroy",
    ),
    Mutation(
        "a move takes tags from others",
        HOME,
        "\tif h.Discard {\n\t\treturn nil",
        "\tif !h.Discard {\n\t\treturn nil",
        "TestAMoveTakesNoTagFromOthers",
    ),
    Mutation(
        "a registry that cannot be read is left behind",
        HOME,
        'if wanted.Copy == "none" && wanted.Discard {',
        "if true {",
        "TestAMoveFromWhatCannotBeRead",
    ),
    Mutation(
        "tags of an up that failed are somebody else's",
        HOME,
        "return slices.Concat(s.Tags, s.Before)",
        "return s.Tags",
        "TestTagsOfAnUpThatFailedAreStillTheStacks",
    ),
    Mutation(
        "what is attached to an image stays behind",
        "providers/contents.go",
        "found.attached, err = r.attachedTo(descriptor.Digest)",
        "_, err = r.attachedTo(descriptor.Digest)",
        "TestAMoveBringsEverythingAlong",
    ),
    Mutation(
        "of a copy's images only the first comes along",
        COPY,
        "source.contentsOfImages(inputs.Images)",
        "source.contentsOfImages(inputs.Images[:1])",
        "TestEachImageHasItsOwnTags",
    ),
    Mutation(
        "a copy keeps the tags of before",
        COPY,
        "\t\t\tdestination.dropTags(call, without(image.Tags, inputs.tags()), image.Digest)\n",
        "\t\t\t_ = image\n",
        "TestACopyHasTheSameDigestAndAllThatIsAttached",
    ),
    Mutation(
        "the source's password stands in a copy's state in clear",
        COPY,
        'encode(s, slices.Concat(accessSecrets, []resource.PropertyKey{"source"})...)',
        "encode(s, slices.Concat(accessSecrets, []resource.PropertyKey{})...)",
        "TestACopyHasTheSameDigestAndAllThatIsAttached",
    ),
    Mutation(
        "a copy that went is not seen",
        COPY,
        "state.Missing, state.Damaged = missing, damaged",
        "state.Damaged = damaged",
        "TestACopyThatWentIsMadeAgain",
    ),
    Mutation("a copy that went is not made again", COPY, "len(s.Missing) == 0 && ", "", "TestACopyThatWentIsMadeAgain"),
    Mutation(
        "a copy is made again for another password",
        COPY,
        "!call.preview && state.isThere(inputs)",
        "false",
        "TestAnotherPasswordCopiesNothing",
    ),
    Mutation(
        "a copy stays that of the image of before",
        COPY,
        " && reflect.DeepEqual(s.Images, wanted.Images)",
        " && reflect.DeepEqual(s.tags(), wanted.tags())",
        "TestAnotherImageIsCopiedToo",
    ),
    Mutation(
        "what is attached later is not copied",
        COPY,
        "s.Sbom == wanted.Sbom && ",
        "",
        "TestAnSbomThatComesLaterIsCopiedToo",
    ),
    Mutation(
        "a registry that lost its data gets no copy",
        COPY,
        " && s.Home == wanted.Home",
        "",
        "TestARegistryThatLostItsDataGetsTheCopyAgain",
    ),
    Mutation(
        "a home that stays as a mirror is left in fear of losing it",
        HOME,
        "return slices.Contains(wanted.Mirrors, h.Registry)",
        "return false",
        "TestWhatStaysAsAMirrorLosesNothing",
    ),
]
