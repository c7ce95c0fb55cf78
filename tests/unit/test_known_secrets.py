"""Which texts of a state are secret, and in which spellings a report hides them."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.previews.written import created, said
from tools.preview.events import read
from tools.preview.markdown import render
from tools.preview.masks import SECRET, Masks, secrets_in, secrets_of_config

PUSH_PASSWORD = "Xk29-vQ/7 pw+Zz9"
ADMIN_PASSWORD = "adminadmin"
ACCESS_KEY = "s3-access"
PLAIN_WORDS = {"harbor", "default", "secret", "pusher", "clusterIP", "hero-region", "installed", "1", "pull"}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: secret,
    "part": lambda secret: f"prefix{secret}suffix",
    "json": lambda secret: json.dumps({"a": secret}),
    "json-utf8": lambda secret: json.dumps({"a": secret}, ensure_ascii=False),
    "url": lambda secret: f"https://user:{quote(secret, safe='')}@host",
    "path": lambda secret: f"https://host/{quote(secret)}",
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64url": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
}


def marked(value: object) -> dict[str, str]:
    """Return a value as `stack export --show-secrets` writes a secret."""
    mark = "1b47061264138c4ac30d75fd1eb44270"
    return {"4dabf18193072939515e22adb298388d": mark, "plaintext": json.dumps(value)}


def resource(kind: str, name: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a resource of a state."""
    return {"urn": f"urn:pulumi:dev::hero::{kind}::{name}", "type": kind, "inputs": inputs, "outputs": outputs}


def harbor_state() -> dict[str, Any]:
    """Return a state as pulumi-kubernetes writes it: a Release repeats its inputs as one secret."""
    values = {
        "expose": {"type": "clusterIP", "tls": {"certSource": "secret"}},
        "existingSecretAdminPassword": "harbor-admin",
        "trivy": {"enabled": True, "replicas": 1},
        "persistence": {"imageChartStorage": {"s3": {"accesskey": "S3", "region": "hero-region"}}},
    }
    open_values = {**values, "core": {"token": ADMIN_PASSWORD, "extra": ACCESS_KEY}}
    marked_values = {**values, "core": {"token": marked(ADMIN_PASSWORD), "extra": marked(ACCESS_KEY)}}
    release = {"chart": "harbor", "name": "harbor", "namespace": "default", "values": marked_values}
    repeated = {**release, "values": open_values, "description": "installed"}
    content = {"username": "pusher", "password": PUSH_PASSWORD}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
    return {
        "deployment": {
            "resources": [
                resource("kubernetes:helm.sh/v3:Release", "harbor", release, {"__inputs": marked(repeated)}),
                resource(
                    "kubernetes:core/v1:Secret",
                    "pull-secrets-default",
                    {
                        "metadata": {"name": "pull"},
                        "stringData": {"username": "pusher", "password": marked("other-pw")},
                    },
                    {"data": marked(encoded), "stringData": marked(content)},
                ),
                resource("hero-home:provider:Image", "hero-image", {"username": "pusher"}, {}),
            ]
        }
    }


def test_secrets_in_release_inputs_plain_words_left_out() -> None:
    found = set(secrets_in(harbor_state()))
    assert {ADMIN_PASSWORD, ACCESS_KEY, PUSH_PASSWORD, "other-pw"} <= found
    assert not found & PLAIN_WORDS


def test_report_names_of_resources_are_whole() -> None:
    names = ["harbor-pusher", "pull-secrets-default", "harbor-release"]
    lines = [created(name, {"namespace": "default", "chart": "harbor"}) for name in names]
    report = render(read(lines, Masks(secrets_in(harbor_state()))), "preview", "dev")
    assert all(name in report for name in names)
    assert SECRET not in report


def test_report_hides_secrets_of_release_and_kubernetes_secret() -> None:
    told = f"401: {PUSH_PASSWORD}, {ADMIN_PASSWORD}, {ACCESS_KEY}"
    report = render(read([said("error", told)], Masks(secrets_in(harbor_state()))), "preview", "dev")
    assert f"401: {SECRET}, {SECRET}, {SECRET}" in report


def test_secrets_in_unmarked_kubernetes_secret_found() -> None:
    secret = resource(
        "kubernetes:core/v1:Secret", "x", {"stringData": {"a": "word"}}, {"data": marked({"a": "d29yZA=="})}
    )
    assert "word" in set(secrets_in({"resources": [secret]}))


def test_secrets_in_release_without_inputs_keeps_what_is_no_word() -> None:
    release = resource("kubernetes:helm.sh/v3:Release", "x", {}, {"__inputs": marked({"a": "harbor", "b": "hunter2"})})
    assert set(secrets_in({"resources": [release]})) == {"hunter2"}


def test_secrets_in_password_found_although_plain_elsewhere() -> None:
    state = {"resources": [resource("x:y:Z", "x", {"label": "letmein"}, {"all": marked({"password": "letmein"})})]}
    assert set(secrets_in(state)) == {"letmein"}


def test_secrets_in_value_marked_itself_found_although_plain_elsewhere() -> None:
    state = {
        "resources": [resource("x:y:Z", "x", {"label": "letmein"}, {"a": marked("letmein"), "b": marked(bool("x"))})]
    }
    assert set(secrets_in(state)) == {"letmein"}


def test_secrets_in_json_text_and_number_found() -> None:
    config = json.dumps({"accounts": [{"name": "hero", "password": "p-in-json"}]})
    state = {"resources": [resource("x:y:Z", "x", {}, {"config": marked(config), "pin": marked(4711)})]}
    assert set(secrets_in(state)) == {config, "p-in-json", "4711"}


def test_secrets_of_config_boolean_left_out() -> None:
    written = {"a": {"secure": "v1:x"}, "b": {"secure": "v1:y"}}
    assert list(secrets_of_config(written, {"a": "true", "b": "hunter"})) == ["hunter"]


@pytest.mark.parametrize("secret", [PUSH_PASSWORD, ADMIN_PASSWORD, 'quo"te\\n', "grüße/dich", "four"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_mask_hides_every_spelling(secret: str, spelling: str) -> None:
    shown = Masks([secret]).text(SPELLINGS[spelling](secret))
    assert SECRET in shown
    assert secret not in shown
    assert quote(secret, safe="") not in shown
    assert base64.b64encode(secret.encode()).decode().rstrip("=")[:-1] not in shown


@pytest.mark.parametrize("user", ["a", "ab", "abc", "robot$hero"])
def test_mask_hides_secret_in_basic_auth(user: str) -> None:
    encoded = base64.b64encode(f"{user}:{PUSH_PASSWORD}:more".encode()).decode()
    shown = Masks([PUSH_PASSWORD]).text(f"Basic {encoded}")
    assert SECRET in shown
    assert len(shown) < len(encoded)


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("abc", "abc", SECRET),
        ("abc", "token abc.", f"token {SECRET}."),
        ("abc", "abcdef", "abcdef"),
        ("12", "port 12, 123", f"port {SECRET}, 123"),
        ("1", "1 to create", "1 to create"),
    ],
)
def test_mask_short_secret_hidden_as_word(secret: str, text: str, shown: str) -> None:
    assert Masks([secret]).text(text) == shown


def test_mask_number_hidden() -> None:
    assert Masks(["4711"]).value({"pin": 4711, "port": 5001, "on": True}) == {"pin": SECRET, "port": 5001, "on": True}
