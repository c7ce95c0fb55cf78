"""Docker Hub as far as it can be had here: a Hub of the tests' own, and everything that speaks to it for real."""

import base64
import hashlib
import hmac
import json
import subprocess
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import SECONDS_FOR_A_COMMAND, Checkout, new_checkout
from tests.embedded.hub import NAMESPACE, ORGANIZATION, Hub
from tests.embedded.hub_stack import configure, seen_while
from tools.places import ROOT

SECONDS_OF_PATIENCE = 1


@pytest.fixture
def behind(tmp_path_factory: pytest.TempPathFactory) -> Generator[Checkout]:
    """The checkout whose embedded registry is the Hub's, another for each test: tags that one left would be seen."""
    with new_checkout(tmp_path_factory.mktemp("behind")) as checkout:
        checkout.up()
        yield checkout


@pytest.fixture
def hub(behind: Checkout) -> Generator[Hub]:
    """A Hub with one account and nothing in it."""
    told = behind.outputs()
    with Hub(told["address"], (told["pusherUsername"], told["pusherPassword"])).open() as hub:
        yield hub


@pytest.fixture
def checkout(tmp_path: Path, hub: Hub) -> Generator[Checkout]:
    """A checkout for which this Hub is Docker Hub."""
    with new_checkout(tmp_path) as fresh:
        instead(fresh, "components/addresses.py", '"docker.io"', f'"{hub.address}"')
        instead(fresh, "providers/docker_hub.py", "https://hub.docker.com", f"http://{hub.address}")
        configure(fresh)
        fresh.set_secret("hero:dockerhub.token", hub.token)
        yield fresh


def instead(checkout: Checkout, file: str, address: str, another: str) -> None:
    """Another address in the one place where it stands."""
    text = (checkout.path / file).read_text()
    assert text.count(address) == 1
    (checkout.path / file).write_text(text.replace(address, another))


def test_hero_lives_there_and_goes_again(checkout: Checkout, hub: Hub) -> None:
    preview = checkout.pulumiw("preview", "--stack", "dev", "--diff")
    assert preview.code == 0, preview.text
    assert hub.asked == [], "a preview of what is not there yet needs nobody"
    ended = checkout.up()
    assert "87 of 100" in ended.text
    repository = hub.repositories["hero"]
    assert repository["is_private"] is True
    assert repository["full_description"] == (ROOT / "hero" / "README.md").read_text()
    told = checkout.outputs()
    assert told["image"] == f"{hub.address}/{NAMESPACE}/hero@{told['digest']}"
    for tag in ("v0.0.1", "latest"):
        assert checkout.crane("digest", f"{told['repository']}:{tag}") == told["digest"]
    refused = checkout.crane("copy", told["image"], f"{told['repository']}:mine", check=False)
    assert "UNAUTHORIZED" in refused
    assert checkout.up().unchanged
    checkout.down()
    assert hub.repositories == {}
    assert hub.tokens == {}


def test_whoever_asks_is_told_the_pulls_that_are_left(checkout: Checkout, hub: Hub) -> None:
    assert "87 of 100" in checkout.up().text
    asked = len(hub.asked)
    assert "pulls left" not in checkout.up().text
    assert len(hub.asked) == asked, "an unchanged `up` needs nobody"
    assert f"{hub.address}: 87 of 100 pulls left in 6 h" in checkout.refresh().text
    where = checkout.start("make", "where", "STACK=dev")
    told, _ = where.communicate(timeout=SECONDS_FOR_A_COMMAND)
    assert where.returncode == 0, told
    assert f"{hub.address}: 87 of 100 pulls left in 6 h" in told


def test_tokens_are_no_wider_than_they_must_be(checkout: Checkout, hub: Hub) -> None:
    checkout.up()
    scopes = {made["token"]: made["scopes"] for made in hub.tokens.values()}
    told = checkout.outputs()
    assert scopes == {told["pusherPassword"]: ["repo:write"], told["pullerPassword"]: ["repo:read"]}
    old = set(hub.tokens)
    configure(checkout, "rotate: another")
    assert "pushing" not in checkout.up().text
    assert len(hub.tokens) == len(old)
    assert not old & set(hub.tokens)


def test_an_organizations_own_tokens(checkout: Checkout, hub: Hub) -> None:
    tokens = {"token": "repo:admin", "pusherToken": "repo:write", "pullerToken": "repo:read"}
    hub.organization_tokens = {f"dckr_oat_{key}": scope for key, scope in tokens.items()}
    configure(checkout, f"namespace: {ORGANIZATION}")
    checkout.set_secret("hero:dockerhub.token", "dckr_oat_token")
    refused = checkout.make("up")
    assert refused.code != 0
    assert "make two tokens yourself" in refused.text
    checkout.set_secret("hero:dockerhub.pusherToken", "dckr_oat_pusherToken")
    checkout.set_secret("hero:dockerhub.pullerToken", "dckr_oat_pullerToken")
    checkout.up()
    told = checkout.outputs()
    assert told["image"] == f"{hub.address}/{ORGANIZATION}/hero@{told['digest']}"
    assert (told["pullerUsername"], told["pullerPassword"]) == (ORGANIZATION, "dckr_oat_pullerToken")
    assert checkout.crane("digest", f"{told['repository']}:latest") == told["digest"]
    assert "UNAUTHORIZED" in checkout.crane("copy", told["image"], f"{told['repository']}:mine", check=False)
    assert hub.repositories["hero"]["namespace"] == ORGANIZATION
    assert hub.tokens == {}
    assert checkout.up().unchanged
    checkout.down()
    assert hub.repositories == {}


def test_a_members_token_makes_the_organizations_repository(checkout: Checkout, hub: Hub) -> None:
    configure(checkout, f"namespace: {ORGANIZATION}", f"username: {NAMESPACE}")
    checkout.up()
    told = checkout.outputs()
    assert told["repository"] == f"{hub.address}/{ORGANIZATION}/hero"
    assert told["pullerUsername"] == NAMESPACE
    assert checkout.crane("digest", f"{told['repository']}:latest") == told["digest"]
    assert hub.repositories["hero"]["namespace"] == ORGANIZATION
    checkout.down()
    assert (hub.repositories, hub.tokens) == ({}, {})


def test_an_immutable_tag_stays_with_its_image(checkout: Checkout, hub: Hub) -> None:
    rule = ("config", "set", "--stack", "dev", "--path", "hero:dockerhub.immutableTags[0]")
    assert checkout.pulumiw(*rule, r"v\d{1,2}\..*").code == 0
    checkout.up()
    kept = {"enabled": True, "rules": [r"v\d{1,2}\..*"]}
    assert hub.repositories["hero"]["immutable_tags_settings"] == kept
    first = checkout.outputs()
    hub.repositories["hero"]["immutable_tags_settings"] = {"enabled": False, "rules": []}
    checkout.refresh()
    checkout.up()
    assert hub.repositories["hero"]["immutable_tags_settings"] == kept
    source = checkout.path / "hero" / "main.go"
    source.write_text(source.read_text().replace('"Hero is ', '"Hero still is ', 1))
    refused = checkout.make("up")
    assert refused.code != 0
    assert "does not allow this to that login" in refused.text
    assert "Traceback" not in refused.text
    assert checkout.crane("digest", f"{first['repository']}:v0.0.1", told=first) == first["digest"]
    stack_file = checkout.path / "Pulumi.dev.yaml"
    stack_file.write_text(stack_file.read_text().replace("v0.0.1", "v0.0.2"))
    checkout.up()
    second = checkout.outputs()
    assert second["digest"] != first["digest"]
    for tag, digest in {"v0.0.1": first["digest"], "v0.0.2": second["digest"], "latest": second["digest"]}.items():
        assert checkout.crane("digest", f"{second['repository']}:{tag}", told=second) == digest, "and it stays"
    assert checkout.up().unchanged


def test_no_token_in_clear(checkout: Checkout, hub: Hub) -> None:
    ended = [checkout.up(), checkout.pulumiw("up", "--stack", "dev", "--yes", "--diff"), checkout.refresh()]
    secrets = [hub.token, *(made["token"] for made in hub.tokens.values())]
    written = [file for file in checkout.path.rglob("*") if file.is_file() and ".venv" not in file.parts]
    for secret in secrets:
        assert not [each.text for each in ended if secret in each.text]
        assert not [file for file in written if secret.encode() in file.read_bytes()]
        for coded in (base64.b64encode(secret.encode()), base64.b64encode(f"{NAMESPACE}:{secret}".encode())):
            assert not [file for file in written if coded in file.read_bytes()]


def test_no_token_in_arguments_or_environments(checkout: Checkout, hub: Hub) -> None:
    seen = seen_while(checkout.up)
    assert hub.tokens
    assert any(b"pulumi-resource-hero-home" in each for each in seen), "or nothing was looked at"
    for secret in [hub.token, *(made["token"] for made in hub.tokens.values())]:
        assert not [each for each in seen if secret.encode() in each]


def test_a_preview_needs_no_hub(checkout: Checkout, hub: Hub) -> None:
    checkout.up()
    asked = len(hub.asked)
    configure(checkout, "description: Another Hero")
    preview = checkout.pulumiw("preview", "--stack", "dev", "--diff")
    assert preview.code == 0
    assert "Another Hero" in preview.text
    assert len(hub.asked) == asked


def test_what_somebody_changed_is_mended(checkout: Checkout, hub: Hub) -> None:
    checkout.up()
    hub.repositories["hero"].update(description="not Hero", is_private=False)
    checkout.refresh()
    checkout.up()
    assert hub.repositories["hero"]["description"] == "Hero"
    assert hub.repositories["hero"]["is_private"] is True
    hub.tokens.clear()
    checkout.refresh()
    checkout.up()
    assert len(hub.tokens) == len(("pusher", "puller"))
    assert checkout.up().unchanged


def test_a_repository_that_is_there_already_is_taken_over(checkout: Checkout, hub: Hub) -> None:
    there = {"name": "hero", "namespace": NAMESPACE, "description": "", "full_description": "", "is_private": True}
    hub.repositories["hero"] = {**there, "immutable_tags_settings": {"enabled": False, "rules": []}}
    configure(checkout, "keepData: true")
    assert "is taken over" in checkout.up().text
    assert hub.repositories["hero"]["description"] == "Hero"
    checkout.down()
    assert "hero" in hub.repositories


def test_a_wrong_token_is_told_without_a_traceback(checkout: Checkout, hub: Hub) -> None:
    checkout.set_secret("hero:dockerhub.token", "dckr_pat_of_nobody_at_all")
    ended = checkout.make("up")
    assert ended.code != 0
    assert "hero:dockerhub.token" in ended.text
    assert "Traceback" not in ended.text
    assert "dckr_pat_of_nobody_at_all" not in ended.text
    checkout.set_secret("hero:dockerhub.token", hub.token)
    checkout.up()
    checkout.down()
    assert hub.repositories == {}


def test_too_many_requests_are_waited_for(checkout: Checkout, hub: Hub) -> None:
    hub.too_many = 2
    begun = time.monotonic()
    checkout.up()
    assert hub.too_many == 0
    assert time.monotonic() - begun > SECONDS_OF_PATIENCE


def test_a_hub_that_cannot_be_reached_costs_nothing(checkout: Checkout, hub: Hub) -> None:
    checkout.up()
    before = set(checkout.state())
    with Hub(hub.registry, hub.login).open() as closed:
        gone = closed.address
    state = checkout.path / ".pulumi" / "stacks" / "hero" / "dev.json"
    state.write_text(state.read_text().replace(hub.address, gone))
    looked = checkout.pulumiw("preview", "--stack", "dev", "--refresh")
    assert looked.code == 0, looked.text
    assert f"Docker Hub ({gone}) cannot be reached" in looked.text
    assert "cannot be reached" in checkout.refresh().text
    assert set(checkout.state()) == before


def test_webhooks_are_called_once_per_digest(checkout: Checkout, request: pytest.FixtureRequest) -> None:
    calls: list[tuple[dict[str, Any], str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            expected = hmac.new(b"signed with this", body, hashlib.sha256).hexdigest()
            assert self.headers["X-Hub-Signature-256"] == f"sha256={expected}"
            calls.append((json.loads(body), self.path))
            # The first call finds somebody in trouble.
            self.send_response(200 if len(calls) > 1 else 503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
            """Nothing is told."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    request.addfinalizer(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configure(checkout, webhooks=[f"http://127.0.0.1:{server.server_port}/hero"], webhookSecret="signed with this")
    refused = checkout.make("up")
    assert "hero:image.webhookSecret: stands in clear" in refused.text
    configure(checkout, webhooks=[f"http://127.0.0.1:{server.server_port}/hero"])
    command = ["./pulumiw", "config", "set", "--stack", "dev", "--secret", "--path", "hero:image.webhookSecret"]
    subprocess.run(
        command,
        cwd=checkout.path,
        env=checkout.environment,
        input="signed with this",
        text=True,
        check=True,
        capture_output=True,
    )
    checkout.up()
    assert len(calls) == len(("in trouble", "well"))
    payload, _ = calls[-1]
    assert payload["push_data"]["tag"] == "v0.0.1"
    assert payload["repository"]["repo_name"] == f"{NAMESPACE}/hero"
    assert payload["digest"] == checkout.outputs()["digest"]
    assert checkout.up().unchanged
    source = checkout.path / "hero" / "main.go"
    source.write_text(source.read_text().replace('"Hero is ', '"Hero still is ', 1))
    checkout.up()
    assert len(calls) == len(("in trouble", "well", "another digest"))
