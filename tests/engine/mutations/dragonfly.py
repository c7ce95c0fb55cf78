"""Breaks of Dragonfly, of what nodes are told of it, and of its preheat."""

from tests.engine.mutations.mutation import Mutation

NODES = "components/kubernetes/nodes.py"
DRAGONFLY = "components/registries/dragonfly/dragonfly.py"
DRAGONFLYS_CHART = "components/registries/dragonfly/chart.py"
PREHEAT = "providers/preheat.go"
DRAGONFLY_TESTS = "tests/unit/test_dragonfly.py"
LIFE = "tests/engine/test_life.py"
NODES_TESTS = "tests/unit/test_nodes.py"

MUTATIONS = [
    Mutation(
        "Dragonfly's proxies answer anybody",
        "components/registries/dragonfly/configuration.py",
        '"server": {"ip": "127.0.0.1", "port": PROXY_PORT}',
        '"server": {"port": PROXY_PORT}',
        f"{DRAGONFLY_TESTS}::test_the_proxy_answers_its_own_machine_alone",
    ),
    Mutation(
        "Dragonfly's key is that of the chart",
        DRAGONFLYS_CHART,
        '"config": {"auth": {"jwt": {"key": ELSEWHERE}}},',
        "",
        f"{DRAGONFLY_TESTS}::test_no_default_of_the_charts_and_nothing_secret_is_in_its_values",
    ),
    Mutation(
        "Dragonfly's manager reads its passwords in a ConfigMap",
        DRAGONFLYS_CHART,
        '{"name": f"{part.upper()}_CONFIG", "value": f"{GIVEN_FOLDER}/{file}"}',
        '{"name": "NOTHING", "value": ""}',
        f"{DRAGONFLY_TESTS}::test_each_part_reads_its_file_in_the_secret_and_another_one_means_another_pod",
    ),
    Mutation(
        "Dragonfly is not waited for",
        DRAGONFLY,
        "depends_on=[*after, self._origin]",
        "depends_on=[self._origin]",
        f"{DRAGONFLY_TESTS}::test_what_waits_for_dragonfly_waits_for_its_origin",
    ),
    Mutation(
        "Dragonfly's origin goes before the image",
        DRAGONFLY,
        "depends_on=[*after, self._origin]",
        "depends_on=[*after]",
        f"{DRAGONFLY_TESTS}::test_what_waits_for_dragonfly_waits_for_its_origin",
    ),
    Mutation(
        "Dragonfly is told the pusher's password",
        DRAGONFLY,
        "password=origin.puller.password,\n            ca_certificate",
        "password=origin.pusher.password,\n            ca_certificate",
        f"{LIFE}::test_life[dragonfly-ko]",
    ),
    Mutation(
        "what was fetched early is known by another name than pulls have for it",
        "components/registries/dragonfly/configuration.py",
        '"enableTaskIDBasedBlobDigest": False',
        '"enableTaskIDBasedBlobDigest": True',
        f"{DRAGONFLY_TESTS}::test_what_was_fetched_early_is_known_by_the_name_that_pulls_have_for_it",
    ),
    Mutation(
        "Dragonfly writes logins into its logs",
        "components/registries/dragonfly/configuration.py",
        'LOG_LEVEL = "warn"',
        'LOG_LEVEL = "info"',
        f"{DRAGONFLY_TESTS}::test_no_part_writes_logins_into_its_log",
    ),
    Mutation(
        "nodes ask different schedulers for one image",
        "components/registries/dragonfly/configuration.py",
        'STALE, REFRESH = "10s", "10s"',
        'STALE, REFRESH = "5m", "5m"',
        f"{DRAGONFLY_TESTS}::test_all_nodes_soon_know_the_same_schedulers",
    ),
    Mutation(
        "nodes take Dragonfly's word for what a tag names",
        NODES,
        "'  capabilities = [\"pull\"]',",
        '\'  capabilities = ["pull", "resolve"]\',',
        f"{DRAGONFLY_TESTS}::test_nodes_ask_dragonfly_first_and_then_the_origin_itself",
    ),
    Mutation(
        "a mirror's file goes with the registry's",
        NODES,
        '"$folder/mirror.toml" "$folder/registry.toml"',
        '"$folder/registry.toml" "$folder/mirror.toml"',
        f"{NODES_TESTS}::test_the_mirrors_file_counts_as_long_as_it_is_there",
    ),
    Mutation(
        "Dragonfly is made before its origin",
        DRAGONFLY,
        "after=[origin],",
        "after=[],",
        f"{DRAGONFLY_TESTS}::test_what_waits_for_dragonfly_waits_for_its_origin",
    ),
    Mutation(
        "the token of Dragonfly's manager cannot be rotated",
        DRAGONFLY,
        "generation=self._settings.rotate",
        'generation=""',
        f"{LIFE}::test_every_key[dragonfly-ko-dragonfly.rotate]",
    ),
    Mutation(
        "a Dragonfly that does not answer cannot go",
        DRAGONFLY,
        "deleted_with=self._cluster.home,",
        "",
        f"{DRAGONFLY_TESTS}::test_what_is_in_the_managers_database_goes_with_it",
    ),
    Mutation(
        "a preheat is for other nodes than config says",
        DRAGONFLY,
        'Preheat.NODES: "all_peers"',
        'Preheat.NODES: "all_seed_peers"',
        f"{DRAGONFLY_TESTS}::test_a_new_image_is_fetched_for_whom_config_says",
    ),
    Mutation(
        "what no pod can reach is preheated",
        DRAGONFLY,
        "if everywhere else None",
        "if True else None",
        f"{DRAGONFLY_TESTS}::test_a_new_image_is_fetched_for_whom_config_says",
    ),
    Mutation(
        "an image is preheated before its origin has looked at it",
        DRAGONFLY,
        "self.spread(name, self._origin.admit(name, digest, parent), parent)",
        "self.spread(name, digest, parent)",
        f"{DRAGONFLY_TESTS}::test_preheating_comes_after_what_the_origin_looks_at",
    ),
    Mutation(
        "an image is told of before it was preheated",
        DRAGONFLY,
        "return fetched.digest",
        "return digest",
        f"{DRAGONFLY_TESTS}::test_an_images_nydus_form_is_fetched_too",
    ),
    Mutation(
        "an image is preheated before Dragonfly is there",
        DRAGONFLY,
        "opts=pulumi.ResourceOptions(parent=parent, depends_on=[self])",
        "opts=pulumi.ResourceOptions(parent=parent)",
        f"{DRAGONFLY_TESTS}::test_a_new_image_is_fetched_for_whom_config_says",
    ),
    Mutation(
        "Dragonfly's manager can be reached from everywhere",
        DRAGONFLYS_CHART,
        '"service": {"type": "ClusterIP"}',
        '"service": {"type": "NodePort"}',
        f"{DRAGONFLY_TESTS}::test_nobody_outside_the_cluster_reaches_the_manager",
    ),
    Mutation(
        "the puller's password is told to Dragonfly in clear",
        "providers/dragonfly.py",
        '"password": pulumi.Output.secret(password),\n                "ca_certificate"',
        '"password": pulumi.Output.unsecret(password),\n                "ca_certificate"',
        f"{DRAGONFLY_TESTS}::test_a_new_image_is_fetched_for_whom_config_says",
    ),
    Mutation(
        "the token of Dragonfly's manager stands in clear",
        "providers/dragonfly_account.go",
        'dragonflyAccountSecrets = []resource.PropertyKey{"password", "token"}',
        'dragonflyAccountSecrets = []resource.PropertyKey{"password"}',
        "TestThePasswordOfTheManualIsReplacedAndATokenIsMade",
    ),
    Mutation(
        "a preview starts a preheat",
        PREHEAT,
        '\tif call.preview {\n\t\treturn withUnknown(news, "digest"), nil\n\t}\n\tinputs',
        "\tinputs",
        "TestAPreviewStartsNoJob",
    ),
    Mutation(
        "a preheat is not waited for",
        PREHEAT,
        "case job.State == preheatSuccess:",
        "case job.State != preheatFailure:",
        "TestANewImageIsFetchedByOneJobAndWaitedFor",
    ),
    Mutation(
        "a preheat that failed goes for one that is done",
        PREHEAT,
        "case job.State == preheatSuccess:",
        "case job.State == preheatSuccess || job.State == preheatFailure:",
        "TestAJobThatFailsIsToldInItsOwnWords",
    ),
    Mutation(
        "another login is another preheat",
        PREHEAT,
        "if another || inputs.Scope",
        "if true || inputs.Scope",
        "TestOnlyWhatHasToBeFetchedAgainIs",
    ),
    Mutation(
        "a Dragonfly that has nothing yet is not preheated",
        PREHEAT,
        " || inputs.Identity != state.Identity",
        "",
        "TestOnlyWhatHasToBeFetchedAgainIs",
    ),
    Mutation(
        "a job's words repeat the puller's password",
        PREHEAT,
        "shortExcuse(job.words(), manager.hidden...)",
        "shortExcuse(job.words())",
        "TestAJobThatFailsIsToldInItsOwnWords",
    ),
    Mutation(
        "a manager that has just started is given up",
        PREHEAT,
        "strings.Contains(refused.excuse, noSchedulers)",
        'strings.Contains(refused.excuse, "nothing")',
        "TestAManagerThatKnowsNoSchedulerYetIsAskedAgain",
    ),
    Mutation(
        "what Dragonfly is told stands in its state in clear",
        PREHEAT,
        'preheatSecrets = []resource.PropertyKey{"password", "token"}',
        'preheatSecrets = []resource.PropertyKey{"token"}',
        "TestOnlyWhatHasToBeFetchedAgainIs",
    ),
]
