"""What `make learn` makes of a stack's state and of what a nydusd tells."""

import json
from typing import Any

import pytest

from tools import learn
from tools.node.reads import Access, File, in_order
from tools.problem import Problem
from tools.where import HOME

FILES = {3: File("/bin/hero", 9_000_000), 5: File("/etc/passwd", 100), 6: File("/data", 1_000_000)}
FORM = "127.0.0.1:5001/hero@sha256:1f"


def state(**told: object) -> dict[str, Any]:
    """A stack that tells this, and has a home."""
    home = {"registry": "embedded", "repository": "127.0.0.1:5001/hero", "username": "pusher", "password": "pushes"}
    return {
        "deployment": {
            "resources": [
                {"type": "pulumi:pulumi:Stack", "outputs": told},
                {"type": HOME, "outputs": {**home, "tags": ["v1"], "plainHttp": False}},
            ]
        }
    }


def access(number: int, seconds: int, nanoseconds: int) -> Access:
    """Of a file, by its number."""
    return {"ino": number, "first_access_time_secs": seconds, "first_access_time_nanos": nanoseconds}


def test_files_come_in_the_order_in_which_they_were_read_first() -> None:
    read = [access(5, 8, 1), access(6, 7, 9), access(3, 7, 2)]
    assert [each.path for each in in_order(read, FILES)] == ["/bin/hero", "/data", "/etc/passwd"]


def test_a_number_may_name_its_file_system_too_and_what_is_no_file_does_not_count() -> None:
    assert in_order([access((4 << 56) + 3, 1, 1), access(77, 1, 2)], FILES) == [FILES[3]]


def test_the_table_has_the_sum() -> None:
    assert learn.table([FILES[3], FILES[5]], 10_000_100) == [
        "       9.0 MB  /bin/hero",
        "       0.0 MB  /etc/passwd",
        "       9.0 MB  of 10.0 MB (90%), in 2 files",
    ]


def test_a_long_table_ends_in_how_many_more_there_are() -> None:
    lines = learn.table([FILES[6]] * 23, 100_000_000)
    assert len(lines) == learn.LONGEST_TABLE + 2
    assert lines[-2:] == ["               and 3 more", "      23.0 MB  of 100.0 MB (23%), in 23 files"]


def test_the_form_is_the_stacks_own() -> None:
    assert learn.form_of(state(nydusImage=FORM), "dev") == "sha256:1f"


def test_a_stack_without_the_form_is_told_what_makes_one() -> None:
    with pytest.raises(Problem, match=r"config set --stack dev --path hero:image\.nydus true, then make up STACK=dev"):
        learn.form_of(state(nydusImage=None), "dev")


def test_only_the_puller_logs_in() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps("pulls")}
    home = learn.home_of(state(pullerUsername="puller", pullerPassword=secret), "dev")
    assert (home["username"], home["password"], home["repository"]) == ("puller", "pulls", "127.0.0.1:5001/hero")


def test_a_stack_has_to_be_named() -> None:
    with pytest.raises(Problem, match="make learn STACK"):
        learn.main([])


def test_what_is_no_number_of_seconds_is_named() -> None:
    with pytest.raises(Problem, match="and a while is no such number"):
        learn.main(["dev", "a while"])
