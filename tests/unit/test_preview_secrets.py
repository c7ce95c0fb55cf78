"""No secret in a report, whoever puts it into an event."""

import json
from collections.abc import Iterator

import pytest

from tests.previews import NAMES, events, secrets
from tests.previews.written import said, step, updated
from tools.preview.events import read
from tools.preview.markdown import render
from tools.preview.masks import SECRET, Masks, secrets_in, secrets_of_config

OTHER_KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIF0\nhZ1Zk9fN0q3s7wPpHkYc2\n-----END PRIVATE KEY-----\n"
every_log = pytest.mark.parametrize("name", NAMES)


def report_of(name: str) -> str:
    """A recorded one, for somebody who knows no secret."""
    return render(read(events(name), Masks()), "preview", "dev")


@every_log
def test_no_secret_of_the_recorded_state_is_shown(name: str) -> None:
    report = report_of(name)
    assert not [secret for secret in secrets(name) if secret in report]


@every_log
def test_nothing_that_opens_anything_is_recorded(name: str) -> None:
    recorded = "\n".join(events(name))
    assert "PRIVATE KEY" not in recorded
    assert not [secret for secret in secrets(name) if secret in recorded]


@pytest.mark.parametrize("name", ["unchanged", "changed", "drifted"])
def test_a_secret_that_a_provider_shows_in_clear_is_hidden(name: str) -> None:
    known = [*secrets(name), OTHER_KEY]
    lines = list(shown_in_clear(name, known))
    assert all(secret in render(read(lines, Masks()), "preview", "dev") for secret in secrets(name)), (
        "or it proves nothing"
    )
    report = render(read(lines, Masks(known)), "preview", "dev")
    for secret in known:
        assert secret not in report
        assert json.dumps(secret)[1:-1] not in report
    assert "MC4CAQAwBQYDK2VwBCIEIF0" not in report


def test_a_secret_is_hidden_in_the_other_forms_that_it_takes() -> None:
    masks = Masks(["the-password", OTHER_KEY])
    assert masks.text("dGhlLXBhc3N3b3Jk and the-password") == f"{SECRET} and {SECRET}"
    assert "hZ1Zk9fN0q3s7wPpHkYc2" not in masks.text("in the log: hZ1Zk9fN0q3s7wPpHkYc2")
    assert masks.text("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert Masks(["pass", "password-of-hero"]).text("password-of-hero") == SECRET


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("password", True),
        ("harborAdminPassword", True),
        ("secret", True),
        ("accessToken", True),
        ("secretKey", True),
        ("privateKeyPem", True),
        ("htpasswd", True),
        ("credentials", True),
        ("existingSecretAdminPassword", False),
        ("secretName", False),
        ("externalSecrets", False),
        ("passwordFile", False),
        ("keepers", False),
        ("tokenservice", False),
    ],
)
def test_what_its_name_says_is_a_secret_is_hidden(name: str, *, hidden: bool) -> None:
    masked = Masks().value({"auth": [{name: "in clear"}]})
    assert masked == {"auth": [{name: SECRET if hidden else "in clear"}]}


def test_whatever_is_in_a_secret_of_a_cluster_is_hidden() -> None:
    made = updated({"stringData": {"a": "1"}}, {"stringData": {"a": "2"}}, kind="kubernetes:core/v1:Secret")
    assert [(each.path, each.old, each.new) for each in made] == [("stringData.a", SECRET, SECRET)]


def test_the_secrets_of_a_state_are_found_wherever_they_are() -> None:
    def marked(value: object) -> dict[str, str]:
        mark = "1b47061264138c4ac30d75fd1eb44270"
        return {"4dabf18193072939515e22adb298388d": mark, "plaintext": json.dumps(value)}

    state = {"resources": [{"outputs": {"a": marked("one"), "b": [{"c": marked({"d": ["two"]})}], "e": "plain"}}]}
    assert sorted(secrets_in(state)) == ["one", "two"]


def test_the_secrets_of_a_config_are_found_wherever_they_are() -> None:
    written = {"username": "hero", "token": {"secure": "v1:…"}, "list": [{"key": {"secure": "v1:…"}}, "plain"]}
    clear = {"username": "hero", "token": "one", "list": [{"key": "two"}, "plain"]}
    assert list(secrets_of_config(written, clear)) == ["one", "two"]


def shown_in_clear(name: str, known: list[str]) -> Iterator[str]:
    """The same log, with a provider in it that has put every secret into a diff, and one that has said them."""
    for number, secret in enumerate(known):
        innocent = {"line": f"before {secret[:200]} after" if secret in secrets(name) else secret}
        yield step("update", f"thing-{number}", "hero:index:Thing", {"line": "old"}, innocent, diffs=["line"])
        yield said("warning", f"what was answered: {secret}")
    yield from events(name)
