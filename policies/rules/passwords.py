"""Passwords that stand in a chart or a manual, so that everybody knows them."""

import re
from collections.abc import Iterator
from typing import Any

from policies.rule import Resource, Rule, Said, at, last_name

# Of Harbor's, zot's, Dragonfly's and their databases' charts, and what people type instead.
KNOWN = {
    "harbor12345",
    "not-a-secure-key",
    "changeit",
    "root123",
    "dragonfly",
    "admin",
    "administrator",
    "root",
    "password",
    "changeme",
    "secret",
    "test123",
    "12345678",
}
# Nobody writes these for anything else.
NEVER = {"harbor12345", "not-a-secure-key"}
SECRETS = re.compile(r"pass(word|wd|phrase)$|^(secret|token|htpasswd)$|secret_?key$", re.IGNORECASE)
HELM = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart", "kubernetes:helm.sh/v3:Chart")
# Of each chart, what it would make up itself: by one of these values it has to be given.
GIVEN = {
    "harbor": {
        "the administrator's password": ("existingSecretAdminPassword", "harborAdminPassword"),
        "the key that it encrypts with": ("existingSecretSecretKey", "secretKey"),
        "the password of its registry": ("registry.credentials.existingSecret", "registry.credentials.password"),
        "the password of its database": ("database.internal.password", "database.external.host"),
    },
    "dragonfly": {
        "the key that tokens are signed with": ("manager.config.auth.jwt.key",),
        "the passwords of its database": ("mysql.auth.existingSecret", "externalMysql.host"),
        "the password of its Redis": ("redis.auth.existingSecret", "externalRedis.addrs"),
    },
}


def check(resource: Resource, _: Said) -> Iterator[str]:
    """What is given, and what is left to a chart."""
    for path, value in resource.leaves():
        text = value.lower() if isinstance(value, str) else ""
        if text in NEVER or (text in KNOWN and SECRETS.search(last_name(path))):
            yield f"{path} is one that everybody knows; leave it to the program, which makes a random one"
    if resource.type in HELM:
        values: dict[str, Any] = resource.inputs.get("values") or {}
        for what, paths in GIVEN.get(_chart(resource), {}).items():
            if not any(at(values, path) for path in paths):
                yield f"{what} is left to the chart, which has the same for everybody; give values.{paths[0]}"


def _chart(resource: Resource) -> str:
    """The chart's name, wherever it comes from."""
    chart = resource.inputs.get("chart")
    return re.sub(r"(-\d[^/]*)?(\.tgz)?$", "", chart).rpartition("/")[2] if isinstance(chart, str) else ""


NO_DEFAULT_PASSWORDS = Rule(
    "no-default-passwords", "No password is a default of a chart or an example of a manual.", check
)
