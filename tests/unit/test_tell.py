"""A report goes into one comment of a change and into one issue, on GitHub and on GitLab."""

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from tools import tell
from tools.problem import Problem

MARK = "<!-- hero preview of dev -->"
DRIFT = "<!-- hero drift of dev -->"
GITHUB_ACTIONS = "github-actions[bot]"
TOKEN = "the-job's-token"


@dataclass
class Played:
    """A forge that keeps what it is told; each item is a comment or an issue by the path that it is under."""

    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    headers: list[str] = field(default_factory=list[str])
    refuses: bool = False
    address: str = ""
    account: dict[str, Any] | None = None
    """The token's own user; a job's token has none."""
    viewer: str = GITHUB_ACTIONS
    """What GraphQL answers."""
    raw: bytes | None = None
    """What is answered to everything, if not JSON."""


class Handler(BaseHTTPRequestHandler):
    """Answers for it."""

    played: ClassVar[Played]

    def do_GET(self) -> None:
        """One page, or the token's user."""
        address = urlsplit(self.path)
        if address.path == "/user":
            self._answer(self.played.account or {"message": "Resource not accessible by integration"})
            return
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        found = self.played.items.get(address.path, [])
        if "state" in query:
            found = [each for each in found if each.get("state") == query["state"]]
        size, page = int(query["per_page"]), int(query["page"])
        self._answer(found[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        """Something new, or a question to GraphQL."""
        if self.path == "/graphql":
            self._given()
            self._answer({"data": {"viewer": {"login": self.played.viewer}}})
            return
        made = {"id": 900, "number": 900, "iid": 900, **self._given()}
        self.played.items.setdefault(urlsplit(self.path).path, []).append(made)
        self._answer(made)

    def do_PATCH(self) -> None:
        """Something written anew."""
        self._answer(self._given())

    def do_PUT(self) -> None:
        """The same, in GitLab's words."""
        self.do_PATCH()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Nobody reads it."""

    def _given(self) -> dict[str, Any]:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.played.asked.append((f"{self.command} {urlsplit(self.path).path}", json.dumps(given, sort_keys=True)))
        return given

    def _answer(self, content: object) -> None:
        self.played.headers.append(self.headers["Authorization"] or self.headers["PRIVATE-TOKEN"])
        refused = self.played.refuses or (self.path == "/user" and self.played.account is None)
        self.send_response(403 if refused else 200)
        self.end_headers()
        if self.played.raw is not None:
            self.wfile.write(self.played.raw)
            return
        self.wfile.write(
            json.dumps({"message": "Resource not accessible"} if self.played.refuses else content).encode()
        )


@pytest.fixture
def played() -> Generator[Played]:
    """A server of the test's own."""
    Handler.played = Played()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        Handler.played.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield Handler.played
        server.shutdown()


@dataclass(frozen=True)
class Words:
    """What a forge calls things."""

    name: str
    comments: str
    comment: str
    issues: str
    body: str
    rewrite: str
    opened: str
    close: dict[str, str]
    login: str
    own: dict[str, Any]
    """What a comment and an issue of the job's own account hold."""
    others: tuple[dict[str, Any], ...]
    """What those of other authors hold."""


GITHUB = Words(
    "github",
    "/repos/acme/hero/issues/7/comments",
    "/repos/acme/hero/issues/comments/12",
    "/repos/acme/hero/issues",
    "body",
    "PATCH",
    "open",
    {"state": "closed"},
    f"Bearer {TOKEN}",
    {"user": {"login": "github-actions[bot]", "id": 41898282}},
    ({"user": {"login": "github-actions", "id": 9}}, {"user": None}, {}, {"user": {"login": None}}),
)
GITLAB = Words(
    "gitlab",
    "/projects/42/merge_requests/7/notes",
    "/projects/42/merge_requests/7/notes/12",
    "/projects/42/issues",
    "description",
    "PUT",
    "opened",
    {"state_event": "close"},
    TOKEN,
    {"author": {"id": 77, "username": "project_42_bot"}},
    ({"author": {"id": 7, "username": "project_42_bot"}}, {"author": None}, {}, {"author": {"id": None}}),
)


@pytest.fixture(params=[GITHUB, GITLAB], ids=lambda words: words.name)
def words(request: pytest.FixtureRequest, played: Played, monkeypatch: pytest.MonkeyPatch) -> Words:
    """The forge whose job this is."""
    for name in ("GITLAB_CI", "GITHUB_GRAPHQL_URL"):
        monkeypatch.delenv(name, raising=False)
    played.account = {"id": 77} if request.param is GITLAB else None
    named = {
        "github": {"GITHUB_API_URL": played.address, "GITHUB_REPOSITORY": "acme/hero", "GITHUB_TOKEN": TOKEN},
        "gitlab": {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": played.address,
            "CI_PROJECT_ID": "42",
            "GITLAB_TOKEN": TOKEN,
        },
    }
    for name, value in named[request.param.name].items():
        monkeypatch.setenv(name, value)
    return request.param


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """What a preview saw."""
    file = tmp_path / "report.md"
    file.write_text(f"{MARK}\n### Preview of stack `dev`\n\nNothing changes.\n")
    return file


@pytest.fixture
def drift(tmp_path: Path) -> Path:
    """What drifted."""
    file = tmp_path / "drift.md"
    file.write_text(f"{DRIFT}\n### Drift of stack `dev`\n\n**1 gone**.\n")
    return file


def test_the_first_report_is_a_new_comment(words: Words, played: Played, report: Path) -> None:
    played.items[words.comments] = [{"id": 1, "body": "Nice!"}, {"id": 2, "body": "<!-- hero preview of zot -->\n"}]
    assert tell.main(["change", "7", str(report)]) == 0
    assert played.asked == [(f"POST {words.comments}", json.dumps({"body": report.read_text()}))]
    assert set(played.headers) == {words.login}


def test_the_next_report_is_the_same_comment(words: Words, played: Played, report: Path) -> None:
    many = [{"id": 1000 + number, "body": None} for number in range(150)]
    played.items[words.comments] = [*many, {"id": 12, "body": f"{MARK}\nold", **words.own}]
    tell.main(["change", "7", str(report)])
    assert played.asked == [(f"{words.rewrite} {words.comment}", json.dumps({"body": report.read_text()}))]


def test_a_drift_opens_one_issue_and_then_writes_it_anew(words: Words, played: Played, drift: Path) -> None:
    content = {words.body: drift.read_text(), "title": "Drift of stack dev"}
    closed = {"number": 3, "iid": 3, "state": "closed", words.body: f"{DRIFT}\n", **words.own}
    request: dict[str, Any] = {
        "number": 4,
        "iid": 4,
        "state": words.opened,
        words.body: f"{DRIFT}\n",
        **words.own,
        "pull_request": {},
    }
    played.items[words.issues] = [closed, request]
    tell.main(["issue", "open", str(drift)])
    assert played.asked == [(f"POST {words.issues}", json.dumps(content, sort_keys=True))]
    played.asked.clear()
    played.items[words.issues].append(
        {"number": 5, "iid": 5, "state": words.opened, words.body: f"{DRIFT}\nold", **words.own}
    )
    tell.main(["issue", "open", str(drift)])
    assert played.asked == [(f"{words.rewrite} {words.issues}/5", json.dumps(content, sort_keys=True))]


def test_an_issue_is_closed_where_nothing_drifts_any_more(words: Words, played: Played, drift: Path) -> None:
    tell.main(["issue", "closed", str(drift)])
    assert played.asked == []
    played.items[words.issues] = [
        {"number": 5, "iid": 5, "state": words.opened, words.body: f"{DRIFT}\nold", **words.own}
    ]
    tell.main(["issue", "closed", str(drift)])
    content = {words.body: drift.read_text(), "title": "Drift of stack dev", **words.close}
    assert played.asked == [(f"{words.rewrite} {words.issues}/5", json.dumps(content, sort_keys=True))]


def test_what_is_no_report_is_told_to_nobody(words: Words, played: Played, tmp_path: Path) -> None:
    del words
    for text in ("", "hello", f"hello\n{MARK}", "<!-- hero preview of ../../x y -->"):
        (tmp_path / "report.md").write_text(text)
        with pytest.raises(Problem, match="is no report"):
            tell.main(["change", "7", str(tmp_path / "report.md")])
    with pytest.raises(Problem, match="No such file"):
        tell.main(["change", "7", str(tmp_path / "nothing.md")])
    assert played.asked == []


def test_a_text_that_is_too_long_is_cut(words: Words, played: Played, report: Path) -> None:
    report.write_text(MARK + "x" * 100_000)
    tell.main(["change", "7", str(report)])
    assert len(json.loads(played.asked[0][1])["body"]) == 65_536
    assert words


def test_a_refusal_is_told_in_the_forge_s_own_words(words: Words, played: Played, report: Path) -> None:
    played.refuses = True
    with pytest.raises(Problem, match=r"was answered by 403 Forbidden.*Resource not accessible"):
        tell.main(["change", "7", str(report)])
    assert words


def test_what_is_not_set_is_named(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITLAB_CI", raising=False)
    monkeypatch.delenv("GITHUB_API_URL", raising=False)
    monkeypatch.delenv("GITHUB_GRAPHQL_URL", raising=False)
    with pytest.raises(Problem, match="GITHUB_API_URL is not set"):
        tell.main(["change", "7", str(report)])


@pytest.mark.parametrize("arguments", [[], ["change", "x", "y"], ["issue", "maybe", "y"], ["change", "7"]])
def test_anything_else_is_told_what_to_say(arguments: list[str]) -> None:
    with pytest.raises(Problem, match="say what to tell whom"):
        tell.main(arguments)


def test_comment_of_another_author_left_alone(words: Words, played: Played, report: Path) -> None:
    played.items[words.comments] = [{"id": 12, "body": f"{MARK}\nold", **other} for other in words.others]
    tell.main(["change", "7", str(report)])
    assert played.asked == [(f"POST {words.comments}", json.dumps({"body": report.read_text()}))]


def test_own_comment_found_behind_those_of_other_authors(words: Words, played: Played, report: Path) -> None:
    others = [{"id": 500, "body": f"{MARK}\nold", **other} for other in words.others]
    played.items[words.comments] = [*others, {"id": 12, "body": f"{MARK}\nold", **words.own}]
    tell.main(["change", "7", str(report)])
    assert [asked for asked, _ in played.asked] == [f"{words.rewrite} {words.comment}"]


@pytest.mark.parametrize(("state", "asked"), [("open", ["POST"]), ("closed", [])])
def test_issue_of_another_author_left_alone(
    words: Words, played: Played, drift: Path, state: str, asked: list[str]
) -> None:
    issue = {"number": 5, "iid": 5, "state": words.opened, words.body: f"{DRIFT}\nold"}
    played.items[words.issues] = [{**issue, **other} for other in words.others]
    tell.main(["issue", state, str(drift)])
    assert [each for each, _ in played.asked] == [f"{method} {words.issues}" for method in asked]


@pytest.mark.parametrize("words", [GITHUB], indirect=True)
def test_comment_of_the_tokens_user_edited(words: Words, played: Played, report: Path) -> None:
    played.account = {"login": "octocat", "id": 3}
    bot = {"id": 500, "body": f"{MARK}\nold", **words.own}
    played.items[words.comments] = [bot, {"id": 12, "body": f"{MARK}\nold", "user": {"login": "octocat"}}]
    tell.main(["change", "7", str(report)])
    assert [asked for asked, _ in played.asked] == [f"{words.rewrite} {words.comment}"]


@pytest.mark.parametrize("words", [GITHUB], indirect=True)
def test_comment_of_an_app_edited(words: Words, played: Played, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_GRAPHQL_URL", f"{played.address}/graphql")
    played.viewer = "hero-reports[bot]"
    bot = {"id": 500, "body": f"{MARK}\nold", **words.own}
    own = {"id": 12, "body": f"{MARK}\nold", "user": {"login": "hero-reports[bot]"}}
    played.items[words.comments] = [bot, own]
    tell.main(["change", "7", str(report)])
    assert [asked for asked, _ in played.asked] == ["POST /graphql", f"{words.rewrite} {words.comment}"]


@pytest.mark.parametrize("raw", [b"<html>captive portal</html>", b"", b"\xff\xfe", b"{}", b"7"])
def test_answer_of_no_api_refused(words: Words, played: Played, report: Path, raw: bytes) -> None:
    played.raw = raw
    with pytest.raises(Problem, match=r"cannot read the answer of http://.*\nhint: "):
        tell.main(["change", "7", str(report)])
    assert words


@pytest.mark.parametrize("token", ["line\nbreak", "tok\u20acn"])
def test_token_that_is_no_header_is_not_repeated(
    words: Words, report: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN" if words is GITLAB else "GITHUB_TOKEN", token)
    with pytest.raises(Problem, match="cannot be reached") as refused:
        tell.main(["change", "7", str(report)])
    assert token not in str(refused.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "no address", "http://", "ftp://127.0.0.1:1/"])
def test_unreachable_api_named(words: Words, report: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CI_API_V4_URL" if words is GITLAB else "GITHUB_API_URL", address)
    with pytest.raises(Problem, match=f"^{address}/.* cannot be reached: "):
        tell.main(["change", "7", str(report)])
