"""Puts a report where people talk: into one comment of a change, or into one issue.

`python3 -S -m tools.tell change NUMBER FILE`, or `python3 -S -m tools.tell issue open|closed FILE`. By the mark that a
report begins with, the comment or the issue that holds an older one is found and written anew. In a job of GitLab it is
a merge request's note and GitLab's issue, else a pull request's comment and GitHub's.

Only what the job's own account has written is edited: anyone may begin a comment with the mark.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from tools.problem import Problem, about
from tools.wrapper import plainly

MARK = re.compile(r"<!-- hero (preview|drift) of [\w./-]+ -->")
TITLE = re.compile(r"^### (.+)$", re.MULTILINE)
# https://docs.github.com/en/rest/issues/comments and https://docs.gitlab.com/api/notes/
LONGEST = 65_536
PER_PAGE = 100
# More pages are no answer of a forge that works.
MOST_PAGES = 1_000
# Who writes with a job's own GITHUB_TOKEN, which belongs to no user.
GITHUB_ACTIONS = "github-actions[bot]"
VIEWER = "query { viewer { login } }"
SECONDS_TO_ANSWER = 30.0
USAGE = "python3 -S -m tools.tell change NUMBER FILE, or python3 -S -m tools.tell issue open|closed FILE"


@dataclass(frozen=True)
class Forge:
    """Where changes are talked about: the addresses of its API, and its own words for the same things."""

    comments: str
    """Of a change; the number is left open."""
    comment: str
    """One of them; the change's number and its own are left open."""
    issues: str
    number: str
    """What an issue's own number is called."""
    body: str
    """What an issue's text is called."""
    write: str
    """The method that writes something anew."""
    opened: str
    """The state of an issue that is open."""
    close: dict[str, str]
    """What closes one."""
    author: str
    """Under which name a comment and an issue hold their author."""
    account: str
    """By which property of an author the token's own account is recognised."""
    headers: dict[str, str]


def forge() -> Forge:
    """The one whose job this is."""
    if os.environ.get("GITLAB_CI"):
        project = f"{_given('CI_API_V4_URL')}/projects/{quote(_given('CI_PROJECT_ID'), safe='')}"
        return Forge(
            comments=f"{project}/merge_requests/{{}}/notes",
            comment=f"{project}/merge_requests/{{}}/notes/{{}}",
            issues=f"{project}/issues",
            number="iid",
            body="description",
            write="PUT",
            opened="opened",
            close={"state_event": "close"},
            author="author",
            account="id",
            headers={"PRIVATE-TOKEN": _given("GITLAB_TOKEN")},
        )
    repository = f"{_given('GITHUB_API_URL')}/repos/{_given('GITHUB_REPOSITORY')}"
    return Forge(
        comments=f"{repository}/issues/{{}}/comments",
        comment=f"{repository}/issues/comments/{{1}}",
        issues=f"{repository}/issues",
        number="number",
        body="body",
        write="PATCH",
        opened="open",
        close={"state": "closed"},
        author="user",
        account="login",
        headers={"Authorization": f"Bearer {_given('GITHUB_TOKEN')}", "X-GitHub-Api-Version": "2022-11-28"},
    )


def main(arguments: list[str]) -> int:
    """Say it where it belongs."""
    if len(arguments) == 3 and arguments[0] == "change" and arguments[1].isdecimal():  # noqa: PLR2004
        return tell_change(forge(), arguments[1], _report(Path(arguments[2])))
    if len(arguments) == 3 and arguments[0] == "issue" and arguments[1] in ("open", "closed"):  # noqa: PLR2004
        return tell_issue(forge(), arguments[1], _report(Path(arguments[2])))
    raise Problem(f"say what to tell whom: {USAGE}")


def tell_change(there: Forge, number: str, report: str) -> int:
    """In the comment that has told of the same before, or in a new one."""
    address = there.comments.format(number)
    known = _own(there, _with_mark(_all(there, address), "body", report))
    if known is None:
        _ask(there, "POST", address, {"body": report})
    else:
        _ask(there, there.write, there.comment.format(number, _part(known, "id")), {"body": report})
    return 0


def tell_issue(there: Forge, state: str, report: str) -> int:
    """In the issue that is open about the same; where none is, one is opened if there is something to open it for."""
    # To GitHub's API a pull request is an issue too.
    found = (each for each in _all(there, f"{there.issues}?state={there.opened}") if "pull_request" not in each)
    known = _own(there, _with_mark(found, there.body, report))
    title = TITLE.search(report)
    content = {"title": (title[1] if title else "Drift").replace("`", ""), there.body: report}
    if known is not None:
        change = {} if state == "open" else there.close
        _ask(there, there.write, f"{there.issues}/{_part(known, there.number)}", {**content, **change})
    elif state == "open":
        _ask(there, "POST", there.issues, content)
    return 0


def _report(file: Path) -> str:
    with about(file):
        report = file.read_text(encoding="utf-8")
    if not MARK.match(report):
        raise Problem(f"{file} is no report: it does not begin with <!-- hero preview of STACK -->")
    return report[:LONGEST]


def _with_mark(found: Iterator[dict[str, Any]], body: str, report: str) -> Iterator[dict[str, Any]]:
    mark = report.partition("\n")[0]
    return (each for each in found if str(each.get(body) or "").startswith(mark))


def _own(there: Forge, found: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the first one that the token's own account has written; who that is, is asked only where one is found."""
    account: object = None
    for each in found:
        account = account or _account(there)
        author = each.get(there.author)
        if isinstance(author, dict) and cast("dict[str, Any]", author).get(there.account) == account:
            return each
    return None


def _account(there: Forge) -> object:
    """Return the ID of GitLab's user or the login of GitHub's, whose token this is."""
    if there.account == "id":
        return _part(_ask(there, "GET", f"{_given('CI_API_V4_URL')}/user"), "id")
    graphql = os.environ.get("GITHUB_GRAPHQL_URL")
    try:
        if graphql:
            answer = _ask(there, "POST", graphql, {"query": VIEWER})
            return _part(_part(_part(answer, "data"), "viewer"), "login")
        return _part(_ask(there, "GET", f"{_given('GITHUB_API_URL')}/user"), "login")
    except Problem:
        # REST refuses a token that has no user: 403 "Resource not accessible by integration".
        return GITHUB_ACTIONS


def _all(there: Forge, address: str) -> Iterator[dict[str, Any]]:
    """Yield every item, page after page."""
    for page in range(1, MOST_PAGES + 1):
        items = _ask(there, "GET", f"{address}{'&' if '?' in address else '?'}per_page={PER_PAGE}&page={page}")
        if not isinstance(items, list):
            raise _unexpected(address, "it is no list")
        found = cast("list[object]", items)
        yield from (cast("dict[str, Any]", each) for each in found if isinstance(each, dict))
        if len(found) < PER_PAGE:
            return


def _part(content: object, name: str) -> object:
    found = cast("dict[str, object]", content).get(name) if isinstance(content, dict) else None
    if found is None:
        raise _unexpected("", f"it has no {name}")
    return found


def _unexpected(address: str, cause: str) -> Problem:
    where = address or "the forge"
    return Problem(f"cannot read the answer of {where}: {cause}\nhint: check GITHUB_API_URL or CI_API_V4_URL")


def _ask(there: Forge, method: str, address: str, content: dict[str, str] | None = None) -> object:
    body = None if content is None else json.dumps(content).encode()
    headers = {**there.headers, "Content-Type": "application/json"}
    try:
        question = urllib.request.Request(address, data=body, headers=headers, method=method)  # noqa: S310 - the forge's own
        with urllib.request.urlopen(question, timeout=SECONDS_TO_ANSWER) as answer:  # noqa: S310
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise Problem(f"{method} {address} was answered by {error.code} {error.reason}: {_words(error)}") from None
    except urllib.error.URLError as error:
        raise Problem(f"{address} cannot be reached: {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Its text may hold a header, and with that the token.
        raise Problem(f"{address} cannot be reached: {type(error).__name__}") from None
    try:
        return json.loads(text)
    except ValueError:
        raise _unexpected(address, "it is no JSON") from None


def _words(error: urllib.error.HTTPError) -> str:
    try:
        return error.read().decode(errors="replace")[:500]
    except (OSError, http.client.HTTPException) as cause:
        return type(cause).__name__


def _given(name: str) -> str:
    found = os.environ.get(name, "").strip()
    if not found:
        raise Problem(f"{name} is not set; it says which project is told, and by whom")
    return found


if __name__ == "__main__":
    sys.exit(plainly(lambda: main(sys.argv[1:])))
