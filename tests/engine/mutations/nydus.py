"""Breaks of the Nydus snapshotter and of what it does to nodes."""

from tests.engine.mutations.mutation import Mutation

SNAPSHOTTER = "components/kubernetes/nydus/snapshotter.py"
CONFIGURATION = "components/kubernetes/nydus/configuration.py"
CONTAINERD = "components/kubernetes/nydus/containerd.sh"
NYDUS_TESTS = "tests/unit/test_nydus.py"
TRACES = "tests/unit/test_nydus_traces.py"
NODE = "tests/unit/test_nydus_node.py"

MUTATIONS = [
    Mutation(
        "Nydus pods are not named before their snapshotter goes",
        SNAPSHOTTER,
        "self._departure([runs, chosen])",
        "chosen",
        f"{NYDUS_TESTS}::test_pods_are_named_before_anything_goes_and_what_they_read_goes_last",
    ),
    Mutation(
        "what Nydus pods still read goes before them",
        SNAPSHOTTER,
        "after=[registry, image]",
        "after=[]",
        f"{NYDUS_TESTS}::test_pods_are_named_before_anything_goes_and_what_they_read_goes_last",
    ),
    Mutation(
        "the Nydus snapshotter reads every Secret unasked",
        SNAPSHOTTER,
        "if not self._settings.every_pull_secret:",
        "if False:",
        f"{NYDUS_TESTS}::test_every_pull_secret_is_read_only_where_config_says_so",
    ),
    Mutation(
        "Nydus mounts stay in the snapshotter's pod",
        SNAPSHOTTER,
        '"mount_propagation": "Bidirectional"',
        '"mount_propagation": "None"',
        f"{NYDUS_TESTS}::test_mounts_reach_other_pods_and_programs_outlive_this_one",
    ),
    Mutation(
        "a Nydus image is fetched whole, unasked",
        CONFIGURATION,
        '"prefetch_all": fetches_all',
        '"prefetch_all": True',
        f"{NYDUS_TESTS}::test_what_nobody_has_read_is_fetched_where_config_says_so",
    ),
    Mutation(
        "Nydus pods end with their nydusd",
        CONFIGURATION,
        'recover_policy = "failover"',
        'recover_policy = "none"',
        f"{NYDUS_TESTS}::test_a_nydusd_that_ends_is_replaced_by_one_that_goes_on",
    ),
    Mutation(
        "a node that cannot ask takes Nydus from pods that run",
        "components/kubernetes/nydus/node.sh",
        '[ "$code" = 0 ] && [ -n "$said" ]',
        '[ "$code" != 0 ] || [ -n "$said" ]',
        f"{TRACES}::test_only_a_daemon_set_that_certainly_goes_takes_all_along",
    ),
    Mutation(
        "containerd is restarted for Nydus each time",
        CONTAINERD,
        '[ "$(cat "$owed" 2>/dev/null)" = "$(identity)" ]',
        "true",
        f"{NODE}::test_containerd_is_restarted_once",
    ),
    Mutation(
        "images that are not of Nydus go with it",
        "components/kubernetes/nydus/traces.sh",
        '&& is_nydus "$target"',
        "",
        f"{TRACES}::test_only_images_in_the_form_of_nydus_go",
    ),
    Mutation(
        "what containerd reads otherwise for Nydus stays so",
        CONTAINERD,
        '[ "$(without_ours "$STATE/before")" != "$(without_ours "$STATE/after")" ]',
        "false",
        f"{NODE}::test_what_containerd_would_read_otherwise_is_taken_back",
    ),
]
