"""Breaks of what lives in a cluster: zot, Harbor, and pull secrets."""

from tests.engine.mutations.mutation import Mutation

ZOT = "components/registries/zot/zot.py"
HARBOR = "components/registries/harbor/harbor.py"
CHART = "components/registries/harbor/chart.py"
INSIDE = "components/registries/harbor/inside.py"
SECRETS = "components/registries/harbor/secrets.py"
PULL_SECRETS = "components/kubernetes/pull_secrets.py"
HUB_TESTS = "tests/unit/test_docker_hub.py"
ZOT_TESTS = "tests/unit/test_zot.py"
LIFE = "tests/engine/test_life.py"
INSIDE_TESTS = "tests/unit/test_harbor_inside.py"
HARBOR_TESTS = "tests/unit/test_harbor.py"

MUTATIONS = [
    Mutation(
        "whoever waits for another pod is blamed",
        "providers/blame.go",
        "return int(a.kind - b.kind) })",
        "return 0 })",
        "TestWhoeverIsToBlameIsToldAndNotWhoeverWaitsForIt",
    ),
    Mutation(
        "a node that is dead is waited for",
        "providers/dead_nodes.go",
        "status.DesiredNumberScheduled-int32(len(gone)), status",
        "status.DesiredNumberScheduled, status",
        "TestANodeThatIsDeadIsNotWaitedFor",
    ),
    Mutation(
        "zot deletes what a tag has left",
        "components/registries/zot/configuration.py",
        "[*map(_policy, settings.retention), ALL_STAYS]",
        "[*map(_policy, settings.retention)]",
        f"{ZOT_TESTS}::test_what_a_tag_has_left_stays_where_nobody_says_otherwise",
    ),
    Mutation(
        "a scanner of several replicas claims in another way",
        HARBOR,
        "SIZE_OF_LISTS if settings.scan.scanner else None",
        "SIZE_OF_LISTS if settings.scan.scanner and settings.replicas == 1 else None",
        f"{HARBOR_TESTS}::test_several_replicas_claim_for_the_scanner_what_one_does",
    ),
    Mutation(
        "nydusd does not find the login to Docker Hub",
        PULL_SECRETS,
        "for key in (each.auth_key, each.address)",
        "for key in (each.auth_key,)",
        f"{HUB_TESTS}::test_the_pullers_login_is_planted_in_every_namespace",
    ),
    Mutation(
        "what Harbor would hand out to nobody is told to everybody",
        "components/registries/harbor/settings.py",
        "{self.scan.block, self.project.block}",
        "{self.scan.block}",
        f"{INSIDE_TESTS}::test_what_harbor_would_hand_out_to_nobody_is_told_to_nobody",
    ),
    Mutation(
        "half of what a scan has found is taken for all of it",
        "providers/harbor_scan.go",
        "after.Status == scanSuccess && after.ReportID == before.ReportID",
        "after.ReportID == before.ReportID || before.Status == scanSuccess",
        "TestAScanThatBeginsAnewWhileItIsReadIsReadAgain",
    ),
    Mutation(
        "a label that others have marked artifacts with is taken for a killed run's",
        "providers/forget_in_harbor.go",
        'id: "id", recent: true},',
        'id: "id"},',
        "TestWhatAKilledRunHasLeftInHarborIsForgottenAndNothingElse",
    ),
    Mutation(
        "the pusher's login is planted in clusters",
        PULL_SECRETS,
        "each.puller.password",
        "each.pusher.password",
        f"{HUB_TESTS}::test_the_pullers_login_is_planted_in_every_namespace",
    ),
    Mutation(
        "pull secrets do not wait for the registry",
        PULL_SECRETS,
        "depends_on=registries",
        "depends_on=[]",
        f"{HUB_TESTS}::test_the_pullers_login_is_planted_in_every_namespace",
    ),
    Mutation(
        "zot goes on with the passwords of before",
        ZOT,
        '"hero/files": pulumi.Output.unsecret(fingerprint(files)),',
        "",
        f"{ZOT_TESTS}::test_other_files_and_another_certificate_are_another_pod",
    ),
    Mutation(
        "zot is not waited for",
        ZOT,
        "depends_on=after",
        "depends_on=[]",
        f"{ZOT_TESTS}::test_zot_is_well_and_nodes_know_it_before_the_image_comes",
    ),
    Mutation(
        "zot's passwords cannot be rotated",
        ZOT,
        '"rotate": self._settings.rotate',
        '"rotate": ""',
        f"{LIFE}::test_rotation_reaches_every_login_in_one_up[zot-ko]",
    ),
    Mutation(
        "the puller pushes to zot",
        "components/registries/zot/configuration.py",
        '"actions": ["read"]',
        '"actions": ["read", "create"]',
        f"{ZOT_TESTS}::test_the_pusher_pushes_to_heros_repository_alone_and_the_puller_only_pulls",
    ),
    Mutation(
        "Harbor is not waited for",
        HARBOR,
        "depends_on=[self._answers]",
        "depends_on=[]",
        f"{INSIDE_TESTS}::test_harbor_answers_before_anything_is_in_it_and_the_pusher_may_push_before_the_image_comes",
    ),
    Mutation(
        "nobody asks whether the pusher may push to Harbor",
        HARBOR,
        'repository=f"{self._address}/{self._path}" if pusher else ""',
        'repository=""',
        f"{INSIDE_TESTS}::test_harbor_answers_before_anything_is_in_it_and_the_pusher_may_push_before_the_image_comes",
    ),
    Mutation(
        "an image is told of before Harbor says that it is well",
        HARBOR,
        "pulumi.Output.all(digest, well.id).apply(lambda known: str(known[0]))",
        "digest",
        f"{INSIDE_TESTS}::"
        "test_nobody_hears_of_an_image_before_harbor_says_that_it_is_well_and_the_push_does_not_wait_for_that",
    ),
    Mutation(
        "what opens Harbor's data goes",
        SECRETS,
        "retain_on_delete=settings.keep_data",
        "retain_on_delete=False",
        f"{INSIDE_TESTS}::test_what_opens_kept_data_is_kept_with_it",
    ),
    Mutation(
        "Harbor's parts go on with the secrets of before",
        CHART,
        'rolled = {"hero/secrets": secrets.fingerprint}',
        "rolled = {}",
        f"{HARBOR_TESTS}::test_other_secrets_are_other_pods",
    ),
    Mutation(
        "Harbor's puller pushes",
        INSIDE,
        '"puller": [PULL]',
        '"puller": [PULL, PUSH]',
        f"{INSIDE_TESTS}::test_the_robots_may_do_what_they_have_to_and_nothing_else",
    ),
    Mutation(
        "Harbor's robots cannot be rotated",
        INSIDE,
        '"rotate": settings.rotate',
        '"rotate": ""',
        f"{INSIDE_TESTS}::test_another_word_gives_every_robot_another_password",
    ),
    Mutation(
        "a full Harbor refuses to go",
        HARBOR,
        "deleted_with=None if self._settings.keep_data else self._cluster.home",
        "deleted_with=None",
        f"{INSIDE_TESTS}::test_where_data_goes_too_harbor_is_not_asked_to_take_anything_away",
    ),
    Mutation(
        "Harbor's token key is none that Harbor reads",
        SECRETS,
        'algorithm="RSA", rsa_bits=2048',
        'algorithm="ED25519"',
        f"{HARBOR_TESTS}::test_the_secrets_are_of_the_lengths_that_harbor_wants",
    ),
    Mutation(
        "anybody can pass for Harbor",
        "components/registries/harbor/rules.py",
        "insecure=False",
        "insecure=True",
        f"{INSIDE_TESTS}::test_the_package_trusts_the_stacks_own_authority_and_is_told_to_verify",
    ),
    Mutation(
        "a Secret is away while it changes",
        "components/kubernetes/cluster.py",
        "enable_secret_mutable=True",
        "enable_secret_mutable=False",
        f"{LIFE}::test_every_key[zot-ko-zot.rotate]",
    ),
    Mutation(
        "what Helm knows of a killed run's release is in the way",
        "components/kubernetes/charts.py",
        "before_create=[hook], before_update=[hook]",
        "before_update=[hook]",
        f"{ZOT_TESTS}::test_before_a_release_is_made_what_a_killed_run_left_of_it_is_forgotten",
    ),
    Mutation(
        "values that a refresh has found pass for what was deployed",
        "components/kubernetes/charts.py",
        '        description=pulumi.Output.concat("values sha256:", checksum),\n',
        "",
        "tests/engine/test_helm.py::test_upgrade_that_was_killed_is_really_deployed",
    ),
    Mutation(
        "a revision that a killed run left pending is in the way of an update",
        "components/kubernetes/charts.py",
        "before_create=[hook], before_update=[hook]",
        "before_create=[hook]",
        "tests/engine/test_helm.py::test_upgrade_that_was_killed_is_really_deployed",
    ),
    Mutation(
        "no look whether a release's objects exist",
        "components/registries/zot/zot.py",
        "            release=RELEASE,\n",
        "",
        "tests/engine/test_helm.py::test_object_of_a_release_that_was_changed",
    ),
    Mutation(
        "an address that another stack has configured on a node is taken",
        "components/kubernetes/containerd_hosts.sh",
        'for other in "$folder"/*."$PART.toml"; do',
        "for other in; do",
        "tests/unit/test_nodes.py::test_stacks_with_one_address_have_files_of_their_own",
    ),
]
