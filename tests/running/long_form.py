"""The tests that only the long form runs, with what the quick form has instead.

`make test` runs the quick form, `make test-rest` the tests named here, and `make test-all` both. A test that is not
named here is in the quick form. `make test-long-list` lists them with their parameters.
"""

import re
from dataclasses import dataclass

from tests.engine.mutations.mutation import Mutation
from tests.engine.mutations.tables import MUTATIONS

ENGINE, EMBEDDED = "tests/engine", "tests/embedded"
# Each registry type once, and each way to build the image with some of them.
ONE_BUILD = r"(embedded-ko|dockerhub-docker|harbor-ko|zot-docker|dragonfly-ko)"
# Every registry type once before and once after another, and the pair that a mutation needs.
PAIRS = (
    r"(embedded-.*-dockerhub-.*|dockerhub-.*-harbor-.*|harbor-.*-zot-.*|zot-.*-dragonfly-.*|dragonfly-.*-embedded-.*)"
)
ONE_MORE_PAIR = r"embedded-.*-zot-.*"


@dataclass(frozen=True)
class LongForm:
    """A test of the long form."""

    test: str
    """The file and the name of the function."""
    reason: str
    """What the quick form has instead."""
    quick: str = ""
    """A pattern of the parameter ids that the quick form runs too; none where it runs none of them."""

    def matches(self, nodeid: str) -> bool:
        """Whether this test, with these parameters, is in the long form only."""
        test, _, identifier = nodeid.partition("[")
        return test == self.test and not (self.quick and re.fullmatch(self.quick, identifier.removesuffix("]")))


def _engine(test: str, reason: str, quick: str = "") -> LongForm:
    return LongForm(f"{ENGINE}/{test}", reason, quick)


def _embedded(test: str, reason: str, quick: str = "") -> LongForm:
    return LongForm(f"{EMBEDDED}/{test}", reason, quick)


# These build containerd, the snapshotter or nydus-rs, which takes minutes on a new machine, and most of them need root.
OF_NODES = (
    "test_fallback.py::test_who_does_not_answer_is_fallen_back_from",
    "test_fallback.py::test_what_the_home_has_lost_comes_from_the_mirror",
    "test_lazy_start.py::test_it_is_ready_after_what_it_needs_and_far_sooner",
    "test_lazy_start.py::test_where_nobody_says_what_it_needs_not_all_comes_ahead",
    "test_lazy_start.py::test_where_a_node_goes_on_until_it_has_all_it_then_needs_no_registry",
    "test_lazy_start.py::test_a_lazily_started_hero_serves_its_page",
    "test_lazy_start.py::test_what_runs_reads_on_after_the_snapshotter_was_killed",
    "test_lazy_start.py::test_a_pull_goes_through_when_the_snapshotter_is_back",
    "test_lazy_start.py::test_what_the_page_has_typed_measures_draws_and_writes",
    "test_lazy_start.py::test_nothing_of_a_node_is_left",
    "test_learn.py::test_what_a_start_reads_is_known_in_its_order_whatever_is_fetched_ahead",
    "test_learn.py::test_an_image_that_comes_as_a_whole_is_none_to_learn_from",
    "test_learn.py::test_what_hero_reads_is_fetched_ahead_from_the_next_up_on",
    "test_learn.py::test_a_stack_without_the_form_is_told_how_to_make_one",
    "test_mirror.py::test_where_dragonfly_does_not_answer_the_origin_is_asked",
    "test_mirror.py::test_where_dragonfly_ends_half_way_the_origin_is_asked_for_the_rest",
    "test_nydus_image.py::test_each_tag_has_its_form_and_a_changed_line_makes_one_more",
    "test_nydus_image.py::test_one_index_has_both_forms_and_a_plain_client_takes_the_usual_one",
    "test_token_by_mirror.py::test_a_pull_gets_its_token_and_then_goes_by_way_of_the_mirror",
)
ON_NODES = "the Go tests, and the integration tier with fakes: what it builds takes minutes on a new machine"
OTHER_BUILD = "the quick form has each registry type with one way to build"
OTHER_PAIRS = "the quick form has each registry type once before and once after another"
EVERY_FAULT = "the quick form has this fault with the other registry types, and other faults with this one"
LONG_FORM: tuple[LongForm, ...] = (
    _engine("test_life.py::test_life", OTHER_BUILD, ONE_BUILD),
    _engine("test_life.py::test_order", OTHER_BUILD, ONE_BUILD),
    _engine(
        "test_life.py::test_every_key",
        "the unit tier has every key under mocks; the quick form has keys that replace, keep or rotate something",
        r".*\.(rotate|credentialsVersion|directory|pusherToken|nydus0|snapshotter|storageClass|database|robots)"
        r"|(zot-docker|dragonfly-ko)-image\.name|embedded-.*-mirrors|harbor-ko-harbor\.keepData",
    ),
    _engine("test_life.py::test_rotation_reaches_every_login_in_one_up", OTHER_BUILD, r"(embedded|zot|dragonfly)-ko"),
    _engine("test_failures.py::test_each_fails_once", EVERY_FAULT, r"(embedded|dockerhub|zot)-.*"),
    _engine("test_failures.py::test_crash_of_the_engine_anywhere", OTHER_BUILD, rf"{ONE_BUILD}-\d*[02468]"),
    _engine("test_failures.py::test_what_was_made_and_did_not_become_ready_is_kept", EVERY_FAULT, "(zot|harbor)-.*"),
    _engine("test_failures.py::test_a_service_that_hangs_can_be_interrupted", EVERY_FAULT, "(dockerhub|dragonfly)-.*"),
    _engine("test_failures.py::test_a_plugin_that_dies", EVERY_FAULT, "(embedded|harbor)-.*"),
    _engine("test_failures.py::test_a_service_that_is_slow_is_waited_for", EVERY_FAULT, "zot-.*"),
    _engine("test_secrets.py::test_no_secret_in_clear", OTHER_BUILD, rf"{ONE_BUILD}-well|harbor-.*-badly"),
    _engine("test_secrets.py::test_what_names_the_image_is_readable", OTHER_BUILD, ONE_BUILD),
    _engine("test_several.py::test_two_stacks_side_by_side", OTHER_PAIRS, "(embedded|zot)-.*"),
    _engine("test_several.py::test_switched_by_destroying", OTHER_PAIRS, "(dockerhub|dragonfly)-.*"),
    _engine("test_switching.py::test_everything_comes_along", OTHER_PAIRS, f"{PAIRS}|{ONE_MORE_PAIR}"),
    _engine("test_mirrors.py::test_every_registry_beside_every_other", OTHER_PAIRS, "(embedded|harbor)-.*"),
    _engine("test_mirrors.py::test_home_and_mirror_change_places", OTHER_PAIRS, "embedded-ko-zot-ko"),
    _engine("test_mirrors.py::test_no_password_of_any_of_them_is_in_clear", "the quick form has each of them alone"),
    _engine("test_harbor.py::test_a_dragonfly_before_it_is_told_of_what_anybody_pushes", "the plugin's Go tests"),
    _engine("test_nydus.py::test_what_a_killed_run_has_made_is_taken_over", "one resource of three", "nydus-departure"),
    _engine("test_nydus_image.py::test_when_it_is_no_longer_wanted_its_tags_go_unless_data_are_kept", "one", "False"),
    _engine("test_policies.py::test_every_choice_passes", OTHER_BUILD, "(dockerhub|harbor)-ko"),
    _engine("test_stand_in.py::test_replaces_on_the_keys_that_the_contracts_mark", "test_every_key of all types"),
    _engine("test_package.py::test_an_example_is_previewed", "the example in YAML", ".*yaml"),
    _engine("test_package.py::test_an_example_lives_as_a_stack_does", "the example in YAML", ".*yaml"),
    _engine("test_documents.py::test_what_a_page_has_typed", "two pages", r"docs/(harbor|mirrors)\.md"),
    _embedded("test_mishaps.py::test_pulumi_killed_in_the_middle_of_an_up", "one moment of ten", "4"),
    _embedded("test_mishaps.py::test_pulumi_killed_in_the_middle_of_a_down", "three moments of an up"),
    _embedded("test_mishaps.py::test_the_registry_killed_during_a_push", "one moment of three", r"0\.5"),
    _embedded("test_mishaps.py::test_up_alone_sees_it_too", "a refresh sees it in the quick form"),
    _embedded("test_mishaps.py::test_lost_images_are_pushed_again", "a lost tag is pushed again in the quick form"),
    _embedded("test_mishaps.py::test_two_checkouts_side_by_side", "two runs in one checkout"),
    _embedded("test_mishaps.py::test_a_state_whose_description_was_cut_short_is_read_all_the_same", "unit tests"),
    _embedded("test_changes.py::test_the_same_source_gives_the_same_digest_again", "test_a_changed_line_…"),
    _embedded("test_changes.py::test_another_name_means_another_repository_with_the_same_image", "the engine tier"),
    _embedded("test_changes.py::test_another_port_keeps_the_images", "the engine tier has the key"),
    _embedded("test_changes.py::test_tags_come_and_go_without_a_build", "the engine tier has the key"),
    _embedded("test_changes.py::test_a_test_of_heros_is_no_reason_to_build", "the plugin's Go tests"),
    _embedded("test_changes.py::test_what_the_config_does_not_say_has_a_default", "unit tests"),
    _embedded("test_changes.py::test_keep_data_said_just_before_the_destroy_counts", "test_keep_data_keeps_…"),
    _embedded("test_changes.py::test_the_registry_lives_where_the_config_says", "one path of two", ".*elsewhere"),
    _embedded(
        "test_changes.py::test_rotation_changes_both_passwords_and_rebuilds_nothing", "the engine tier has the key"
    ),
    _embedded("test_docker_hub.py::test_tokens_are_no_wider_than_they_must_be", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_whoever_asks_is_told_the_pulls_that_are_left", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_an_organizations_own_tokens", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_a_members_token_makes_the_organizations_repository", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_an_immutable_tag_stays_with_its_image", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_webhooks_are_called_once_per_digest", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_what_somebody_changed_is_mended", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_a_wrong_token_is_told_without_a_traceback", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_a_hub_that_cannot_be_reached_costs_nothing", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_a_preview_needs_no_hub", "test_hero_lives_there_and_goes_again"),
    _embedded("test_docker_hub.py::test_too_many_requests_are_waited_for", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_a_repository_that_is_there_already_is_taken_over", "the plugin's Go tests"),
    _embedded("test_docker_hub.py::test_no_token_in_clear", "the engine tier, for every registry type"),
    _embedded(
        "test_documents.py::test_what_a_page_has_done", "the README's walk, and two pages", r"docs/(switching|zot)\.md"
    ),
    _embedded("test_bootstrap.py::test_python_3_9_has_all_that_is_used", "nothing: CI runs it"),
    _embedded(
        "test_sources.py::test_what_crane_pulled_as_a_layout_can_move_in_again", "test_a_layout_keeps_its_digest"
    ),
    _embedded("test_sources.py::test_any_go_main_package_becomes_an_image", "Hero is one"),
    _embedded("test_refusals.py::test_wrong_config_is_told_by_the_real_engine_without_a_traceback", "unit tests"),
    _embedded(
        "test_refusals.py::test_a_port_that_needs_more_rights_or_is_taken_by_another_stacks_registry",
        "a port that another program has",
    ),
    _embedded("test_refusals.py::test_a_missing_plugin_is_linked_again", "unit tests of ./pulumiw"),
    _embedded("test_refusals.py::test_down_spares_what_somebody_put_beside_the_images", "the plugin's Go tests"),
    _embedded("test_switching.py::test_a_copy_that_is_killed_goes_on", "the engine tier kills a migration"),
    _embedded("test_switching.py::test_two_homes_at_once", "the engine tier has every pair of mirrors"),
    _embedded("test_conformance.py::test_it_fails_what_is_known_and_nothing_else", "nothing: CI runs it"),
    *(_embedded(test, ON_NODES) for test in OF_NODES),
)


def reason_for(nodeid: str) -> str | None:
    """Return why only the long form runs this test; None where the quick form runs it too."""
    return next((each.reason for each in LONG_FORM if each.matches(nodeid)), None)


def mutations() -> list[Mutation]:
    """Return the breaks of `make mutations` that only a test of the long form sees."""
    return [mutation for mutation in MUTATIONS if reason_for(mutation.seen_by) is not None]


def summary() -> str:
    """Return the reason of each test, and the mutations that need the long form."""
    tests = [f"  {each.test}: {each.reason}" for each in LONG_FORM]
    breaks = [f"  {mutation.what}: {mutation.seen_by}" for mutation in mutations()] or ["  none"]
    return "\n".join(["what the quick form has instead:", *tests, "mutations that need the long form:", *breaks])
