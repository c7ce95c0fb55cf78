"""Breaks of further registries that keep the image too, and of nodes that ask them."""

from tests.engine.mutations.mutation import Mutation

MIRRORS = "components/mirrors.py"
MIRROR_TESTS = "tests/unit/test_mirrors.py"
FALLBACK = "components/kubernetes/fallback.py"
FALLBACK_TESTS = "tests/unit/test_fallback.py"
WRITER = "components/kubernetes/containerd_hosts.sh"
NODES_TESTS = "tests/unit/test_nodes.py"
PROGRAM = "__main__.py"

MUTATIONS = [
    Mutation(
        "a mirror is filled before it is ready",
        MIRRORS,
        "depends_on=[mirror]",
        "depends_on=[]",
        f"{MIRROR_TESTS}::test_a_copy_waits_for_the_image_and_for_its_registry",
    ),
    Mutation(
        "the puller fills a mirror",
        MIRRORS,
        "password=mirror.pusher.password",
        "password=mirror.puller.password",
        f"{MIRROR_TESTS}::test_the_image_is_copied_by_those_who_may_push",
    ),
    Mutation(
        "a mirror does not look at the image before others hear of it",
        MIRRORS,
        "mirror.admit(name, digest, self)",
        "digest",
        f"{MIRROR_TESTS}::test_a_mirror_looks_at_the_image_before_others_hear_of_it",
    ),
    Mutation(
        "the form for Nydus is in no mirror",
        "components/hero_image.py",
        "self.forms.append({",
        "_ = ({",
        f"{MIRROR_TESTS}::test_the_form_for_nydus_is_copied_too",
    ),
    Mutation(
        "pods log in to the home alone",
        PROGRAM,
        "[registry, *mirrors.values()], settings.pull_secrets",
        "[registry], settings.pull_secrets",
        f"{MIRROR_TESTS}::test_pods_log_in_wherever_the_image_is",
    ),
    Mutation(
        "the image has another path in a mirror",
        "components/catalogue.py",
        'image = image.model_copy(update={"name": at_home})',
        "pass",
        f"{MIRROR_TESTS}::test_the_image_has_the_path_that_it_has_at_home",
    ),
    Mutation(
        "nodes keep passwords that nobody allowed them to keep",
        FALLBACK,
        "[mirror.puller.username, mirror.puller.password] if logins else []",
        "[mirror.puller.username, mirror.puller.password]",
        f"{FALLBACK_TESTS}::test_passwords_are_on_nodes_only_where_config_says_so",
    ),
    Mutation(
        "nodes keep the pusher's password",
        FALLBACK,
        "[mirror.puller.username, mirror.puller.password]",
        "[mirror.pusher.username, mirror.pusher.password]",
        f"{FALLBACK_TESTS}::test_passwords_are_on_nodes_only_where_config_says_so",
    ),
    Mutation(
        "the path before the image's in a mirror is left out",
        FALLBACK,
        'host = f"{server}/v2/{path}" if path else server',
        "host = server",
        f"{FALLBACK_TESTS}::test_mirrors_are_asked_in_their_order_each_with_its_certificate",
    ),
    Mutation(
        "nodes ask a mirror before the image is there",
        PROGRAM,
        "settings.cluster, [registry, *copies])",
        "settings.cluster, [registry])",
        f"{FALLBACK_TESTS}::test_nodes_hear_of_mirrors_once_the_image_is_there",
    ),
    Mutation(
        "what is behind is forgotten",
        WRITER,
        'for table in "$folder"/*.behind; do',
        "for table in; do",
        f"{NODES_TESTS}::test_what_is_behind_comes_after_whatever_counts",
    ),
    Mutation(
        "what could not be written whole is read",
        WRITER,
        'cat "$table") || return 2',
        'cat "$table")',
        f"{NODES_TESTS}::test_what_cannot_be_written_whole_is_not_read",
    ),
    Mutation(
        "a mirror of two stacks stands in a node's file twice",
        WRITER,
        "[ $? = 9 ] || ",
        "",
        f"{NODES_TESTS}::test_what_two_stacks_have_in_common_is_there_once",
    ),
    Mutation(
        "stacks whose home has one address have one fall-back",
        FALLBACK,
        "home.address, there.name, mark",
        "home.address, PART, mark",
        f"{FALLBACK_TESTS}::test_the_file_is_that_of_the_homes_address",
    ),
    Mutation(
        "passwords on a node are for everybody",
        WRITER,
        "umask 077",
        "umask 022",
        f"{NODES_TESTS}::test_what_may_have_passwords_is_for_root_alone",
    ),
    Mutation(
        "a mirror that leads each node to itself is asked",
        "components/catalogue.py",
        "if not leads_to_itself(CHOICES[each.registry].host(each.choice))]",
        "]",
        f"{FALLBACK_TESTS}::test_a_mirror_that_leads_each_node_to_itself_is_left_out",
    ),
]
