"""Every command in the documentation is run by a test, or it is said why it cannot be."""

from tests.documented import NOT_RUN, PAGES, blocks, commands, run_by_a_test

# Of these languages nothing is typed.
READ_ONLY = {"", "mermaid", "yaml"}


def test_what_is_typed_is_known_by_its_mark() -> None:
    for page in PAGES:
        for language, text in blocks(page):
            assert language in {"console", *READ_ONLY}, page
            assert (language == "console") or not text.lstrip().startswith(("$ ", "make ", "./pulumiw "))


def test_every_reason_is_that_of_a_command_that_is_there() -> None:
    for page, reasons in NOT_RUN.items():
        there = commands(page)
        for command in reasons:
            assert command in there or any(each.split()[0] == command for each in there), command


def test_what_is_not_run_is_said_why() -> None:
    assert sum(len(run_by_a_test(page)) for page in PAGES) > 20
    assert all(len(reason) > 10 for reasons in NOT_RUN.values() for reason in reasons.values())
