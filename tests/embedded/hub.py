"""A Docker Hub of the tests' own: its API, its token service, and its registry, which is one of ours behind it.

What it answers is what the Hub's documentation says: https://docs.docker.com/reference/api/hub/latest/ for the API, and
https://distribution.github.io/distribution/spec/auth/token/ for how one logs in to the registry.
"""

import base64
import http.client
import json
import re
import secrets
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.embedded.servers import QuietHandler, served

NAMESPACE = "vfarcic"
# Whose member the account is.
ORGANIZATION = "heroes"
# Its pages and API, its registry under both of its names, and its token service.
NAMES = ("hub.docker.com", "docker.io", "index.docker.io", "registry-1.docker.io", "auth.docker.io")
HTTPS = 443
REPOSITORY = re.compile(
    r"/v2/(?:namespaces|repositories)/([^/]+)(?:/repositories(?=/|$))?(?:/([^/]+)(/privacy|/immutabletags|/tags)?)?/?"
)
DENIED = 403, {"message": "access denied"}
IN_REGISTRY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags|referrers)/.*")
HOP_BY_HOP = ("connection", "transfer-encoding", "keep-alive", "authorization")
PULLS_LEFT = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "87;w=21600"}
SCOPES = {"repo:admin": {"pull", "push"}, "repo:write": {"pull", "push"}, "repo:read": {"pull"}}


@dataclass
class Hub:
    """What is in it, and what a test may look at or change as somebody else would."""

    registry: str
    """`host:port` of the registry behind it, and the login with which everything gets in there."""
    login: tuple[str, str]
    token: str = field(default_factory=lambda: f"dckr_pat_{secrets.token_urlsafe(20)}")
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    organization_tokens: dict[str, str] = field(default_factory=dict[str, str])
    """The scope of each access token of the organization's; somebody has made them on its pages."""
    too_many: int = 0
    """How many of the next requests to the API come too soon."""
    asked: list[str] = field(default_factory=list[str])
    address: str = ""
    realm: str = ""
    """Where its token service is."""
    _sessions: dict[str, str] = field(default_factory=dict[str, str])
    _grants: dict[str, tuple[str, set[str]]] = field(default_factory=dict[str, tuple[str, set[str]]])

    @contextmanager
    def open(self) -> Generator["Hub"]:
        """Serve on a free port of this machine."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.address = f"127.0.0.1:{server.server_port}"
        self.realm = f"http://{self.address}/token"
        with served(server):
            yield self

    @contextmanager
    def open_at_its_names(self, host: str, trusted: ssl.SSLContext) -> Generator["Hub"]:
        """Serve where Docker Hub's own names lead to on a machine on which they mean this host."""
        server = ThreadingHTTPServer((host, HTTPS), type("Handler", (_Handler,), {"hub": self}))
        # Not by the accepting thread, which one slow client could hold up.
        server.socket = trusted.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.address = "docker.io"
        self.realm = "https://auth.docker.io/token"
        with served(server):
            yield self

    def log_in(self, username: str, secret: str) -> set[str] | None:
        """What the login may do in a repository; None where there is none such."""
        if username == ORGANIZATION and secret in self.organization_tokens:
            return SCOPES[self.organization_tokens[secret]]
        if username != NAMESPACE:
            return None
        if secret == self.token:
            return SCOPES["repo:admin"]
        for made in self.tokens.values():
            if made["token"] == secret:
                return set[str]().union(*(SCOPES[scope] for scope in made["scopes"]))
        return None

    def api(self, method: str, path: str, bearer: str, body: dict[str, Any]) -> tuple[int, Any]:
        """The answer of the API."""
        if path == "/v2/auth/token":
            return self._open_session(body)
        if bearer not in self._sessions:
            return 401, {"message": "unauthorized"}
        if path.startswith("/v2/access-tokens"):
            if self._sessions[bearer] == ORGANIZATION:
                return DENIED
            return self._access_tokens(method, path.removeprefix("/v2/access-tokens").strip("/"), body)
        found = REPOSITORY.fullmatch(path)
        if not found or found[1] not in (self._sessions[bearer], ORGANIZATION):
            return DENIED
        listed = found[1] if found[3] == "/tags" else ""
        return self._repository(method, found[2], body, listed) if found[2] else self._create(body)

    def grant(self, repository: str, allowed: set[str]) -> str:
        """A token for the registry."""
        token = secrets.token_urlsafe(12)
        self._grants[token] = (repository, allowed)
        return token

    def allows(self, token: str, repository: str, action: str) -> bool:
        """Whether the registry lets somebody in with this token."""
        granted, actions = self._grants.get(token, ("", set[str]()))
        return granted == repository and action in actions

    def keeps(self, repository: str, tag: str) -> bool:
        """Whether a tag of it stays with the image that it names."""
        told = self.repositories.get(repository.rpartition("/")[2], {}).get("immutable_tags_settings", {})
        return bool(told.get("enabled")) and any(re.fullmatch(rule, tag) for rule in told["rules"])

    def _open_session(self, body: dict[str, Any]) -> tuple[int, Any]:
        username, secret = body.get("identifier", ""), body.get("secret", "")
        # Only a token that administers is taken for more than the registry.
        if secret != self.token and self.organization_tokens.get(secret) != "repo:admin":
            return 401, {"message": "incorrect authentication credentials"}
        if self.log_in(username, secret) is None:
            return 401, {"message": "incorrect authentication credentials"}
        session = secrets.token_urlsafe(12)
        self._sessions[session] = username
        return 200, {"access_token": session}

    def _create(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["name"] in self.repositories:
            return 400, {"message": "Repository with this Name and Namespace already exists"}
        kept = {key: body.get(key) for key in ("name", "namespace", "description", "full_description", "is_private")}
        self.repositories[body["name"]] = {**kept, "immutable_tags_settings": {"enabled": False, "rules": []}}
        return 201, self.repositories[body["name"]]

    def _repository(self, method: str, name: str, body: dict[str, Any], listed: str) -> tuple[int, Any]:
        """One repository or, of the namespace that is `listed`, its tags."""
        if name not in self.repositories:
            return 404, {"message": "object not found"}
        if listed:
            return 200, self._tags(f"{listed}/{name}")
        repository = self.repositories[name]
        if method == "DELETE":
            return 202, self.repositories.pop(name)
        if method in ("PATCH", "POST"):
            if "immutable_tags" in body:
                rules = {"enabled": body.pop("immutable_tags"), "rules": body.pop("immutable_tags_rules", [])}
                repository["immutable_tags_settings"] = rules
            repository.update(body)
        return 200, repository

    def _tags(self, path: str) -> dict[str, Any]:
        """All tags of a repository on one page, as the registry behind has them."""
        behind = http.client.HTTPConnection(self.registry, timeout=60)
        login = {"Authorization": f"Basic {base64.b64encode(':'.join(self.login).encode()).decode()}"}
        behind.request("GET", f"/v2/{path}/tags/list", headers=login)
        listed: dict[str, list[str] | None] = json.loads(behind.getresponse().read())
        found = listed.get("tags") or []
        behind.close()
        return {"count": len(found), "next": None, "results": [{"name": tag, "digest": tag} for tag in found]}

    def _access_tokens(self, method: str, uuid: str, body: dict[str, Any]) -> tuple[int, Any]:
        if method == "POST":
            uuid = secrets.token_hex(8)
            made = {"uuid": uuid, "is_active": True, "token": f"dckr_pat_{secrets.token_urlsafe(20)}", **body}
            self.tokens[uuid] = made
            return 201, made
        if not uuid:
            shown = [{key: each[key] for key in each if key != "token"} for each in self.tokens.values()]
            return 200, {"count": len(shown), "next": None, "previous": None, "results": shown}
        if uuid not in self.tokens:
            return 404, {"message": "not found"}
        if method == "DELETE":
            return 202, self.tokens.pop(uuid) and {}
        return 200, {**self.tokens[uuid], "token": ""}


class _Handler(QuietHandler):
    hub: Hub

    def handle_any(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        if path == "/token":
            self._give_token()
        elif path == "/v2/" or IN_REGISTRY.fullmatch(path):
            self._registry(path, body)
        else:
            self._api(path, body)

    def _body(self) -> bytes:
        """The Docker engine sends layers in chunks."""
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks: list[bytes] = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the base class's

    def _api(self, path: str, body: bytes) -> None:
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.too_many:
            self.hub.too_many -= 1
            self._answer(429, {"message": "too many requests"}, {"X-Retry-After": str(int(time.time()) + 1)})
            return
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        self._answer(*self.hub.api(self.command, path, bearer, json.loads(body or b"{}")))

    def _give_token(self) -> None:
        kind, _, login = self.headers.get("authorization", "").partition(" ")
        username, _, secret = base64.b64decode(login).decode().partition(":")
        allowed = self.hub.log_in(username, secret) if kind == "Basic" else set[str]()
        if allowed is None:
            self._answer(401, {"details": "incorrect username or password"})
            return
        scope = parse_qs(urlsplit(self.path).query).get("scope", ["::"])[0]
        self._answer(200, {"token": self.hub.grant(scope.split(":")[1], allowed)})

    def _registry(self, path: str, body: bytes) -> None:
        found = IN_REGISTRY.fullmatch(path)
        repository = found[1] if found else ""
        action = "pull" if self.command in ("GET", "HEAD") else "push"
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.hub.allows(token, repository, action):
            actions = "pull" if action == "pull" else "pull,push"
            realm = f'Bearer realm="{self.hub.realm}",service="registry.docker.io"'
            challenge = f'{realm},scope="repository:{repository}:{actions}"' if repository else realm
            refused = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
            self._answer(401, refused, {"Www-Authenticate": challenge})
            return
        tag = self.path.rpartition("/manifests/")[2]
        if self.command in ("PUT", "DELETE") and self.hub.keeps(repository, tag) and self._there():
            # As https://github.com/docker/hub-feedback/issues/2466 shows it.
            self._answer(403, {"errors": [{"code": "DENIED", "message": "requested access to the resource is denied"}]})
            return
        self._pass_on(body)

    def _there(self) -> bool:
        """Whether the registry has already what is asked for by this path."""
        behind = http.client.HTTPConnection(self.hub.registry, timeout=600)
        login = base64.b64encode(":".join(self.hub.login).encode()).decode()
        accepted = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
        behind.request("HEAD", self.path, headers={"Authorization": f"Basic {login}", "Accept": accepted})
        status = behind.getresponse().status
        behind.close()
        return status == HTTPStatus.OK

    def _pass_on(self, body: bytes) -> None:
        login = base64.b64encode(":".join(self.hub.login).encode()).decode()
        kept = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
        behind = http.client.HTTPConnection(self.hub.registry, timeout=600)
        # It says where to go on, and would say so by the wrong scheme.
        told = {"Authorization": f"Basic {login}", "X-Forwarded-Proto": urlsplit(self.hub.realm).scheme}
        behind.request(self.command, self.path, body, {**kept, **told})
        answer = behind.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            if key.lower() not in (*HOP_BY_HOP, "content-length"):
                self.send_header(key, value)
        if "/manifests/" in self.path:
            for key, value in PULLS_LEFT.items():
                self.send_header(key, value)
        length = answer.headers.get("content-length", "0") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)
        behind.close()

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
