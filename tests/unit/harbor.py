"""Stacks that say all that can be said of Harbor, and the program built from them."""

from typing import Any

from tests.unit.configuration import built_from, entries_of, mistakes_in, sealed
from tests.unit.graph import Engine

DOMAIN = {"domain": "hero.127.0.0.1.nip.io"}
HUB = {
    "name": "hub",
    "kind": "docker-hub",
    "url": "https://hub.docker.com",
    "username": "vfarcic",
    "password": sealed("hidden-hub"),
}
EVERYTHING_IN_A_PROJECT = {
    "name": "team",
    "public": True,
    "quota": "10Gi",
    "scanOnPush": False,
    "sbomOnPush": True,
    "block": "high",
    "allowedCves": ["CVE-2024-1234"],
    "cosign": True,
    "notation": True,
    "retention": {"every": "Daily", "keep": [{"mostRecentlyPushed": 10, "tags": "v*"}, {"daysSincePull": 30}, {}]},
    "immutableTags": [{"tags": "v*"}, {"repositories": "hero"}],
    "webhooks": [
        {
            "name": "chat",
            "address": "https://example.com/harbor",
            "events": ["PUSH_ARTIFACT", "SCANNING_COMPLETED"],
            "format": "slack",
            "header": sealed("hidden-header"),
        }
    ],
    "members": [
        {"user": "vfarcic", "role": "developer"},
        {"group": "platform", "role": "guest"},
        {"group": "in-ldap", "kind": "ldap", "distinguishedName": "cn=in-ldap,dc=example", "role": "maintainer"},
    ],
    "robots": [{"name": "builder", "may": ["repository:pull", "repository:push"], "days": 90}],
    "labels": [{"name": "stable", "color": "#00AB9A"}],
}
EVERYTHING_INSIDE: dict[str, Any] = {
    "projects": [EVERYTHING_IN_A_PROJECT, {"name": "mirror", "proxyOf": "hub"}],
    "registries": [HUB],
    "replications": [
        {"name": "out", "registry": "hub", "repositories": "hero/**", "deletion": True},
        {"name": "in", "registry": "hub", "direction": "pull", "every": "0 0 3 * * *", "namespace": "mirror"},
        {"name": "on-demand", "registry": "hub", "direction": "pull"},
    ],
    "robots": [{"name": "everywhere"}],
    "groups": [{"name": "platform"}, {"name": "in-ldap", "kind": "ldap", "distinguishedName": "cn=in-ldap,dc=example"}],
    "labels": [{"name": "stable"}],
    "oidc": {
        "name": "Keycloak",
        "endpoint": "https://login.example.com/realms/hero",
        "clientId": "harbor",
        "clientSecret": sealed("hidden-oidc"),
    },
    "system": {"banner": "Down on Friday", "quotaPerProject": 100},
    "garbageCollection": {"every": "Daily", "workers": 2},
    "allowedCves": {"identifiers": ["CVE-2024-1234"]},
    "preheat": [{"name": "dragonfly", "endpoint": "https://dragonfly.example.com", "token": sealed("hidden-preheat")}],
    "scan": {"every": "Weekly", "block": "critical"},
}
USERS = {
    "users": [
        {"name": "vfarcic", "fullName": "Viktor Farcic", "email": "v@example.com", "password": sealed("hidden-User-1")}
    ]
}
# Everything that the chart is told, in as few stacks as what excludes another allows.
STACKS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "large, in a bucket": {
        "s3": {
            "bucket": "hero",
            "region": "eu-central-1",
            "endpoint": "https://minio.example.com",
            "accessKey": sealed("hidden-access-key"),
            "secretKey": sealed("hidden-secret-key"),
        },
        "redirect": True,
        "database": {"host": "postgresql.example.com", "username": "harbor", "password": sealed("hidden-database")},
        "redis": {
            "address": "one:26379,two:26379",
            "sentinelMaster": "mymaster",
            "insecurePlaintext": True,
            "username": "harbor",
            "password": sealed("hidden-redis"),
        },
        "replicas": 3,
        "metrics": True,
        "serviceMonitor": True,
    },
    "in Azure's": {"azure": {"account": "hero", "container": "hero", "key": sealed("hidden-azure")}},
    "in Google's": {"gcs": {"bucket": "hero", "key": sealed("hidden-google")}},
    "in Google's, as the pods' own account": {"gcs": {"bucket": "hero"}},
    "in a bucket of Amazon's": {"s3": {"bucket": "hero", "region": "eu-central-1"}},
    "as small as can be": {"scan": {"scanner": False}, "ipv6": False},
    "without the internet": {"scan": {"mirror": "mirror.example.com/aquasec"}, "authorities": "ca.pem"},
    "behind an ingress": {"expose": "ingress", "ingressClass": "nginx", "annotations": {"a": "b"}},
    "behind an ingress without a certificate": {"expose": "ingress", "insecureHttp": True},
    "behind a load balancer": {"expose": "loadBalancer", "certificateIssuer": "letsencrypt"},
    "behind a load balancer by http": {"expose": "loadBalancer", "insecureHttp": True},
    "by http": {"insecureHttp": True},
    "with claims of a class": {"storageClass": "fast", "size": "100Gi", "databaseSize": "5Gi"},
    "with everything in it": EVERYTHING_INSIDE,
    "with people": USERS,
}


def built(block: dict[str, Any], **config: object) -> Engine:
    """The program itself."""
    stack: dict[str, object] = {
        "hero:registry": "harbor",
        "hero:harbor": {**DOMAIN, **block},
        **{f"hero:{key}": each for key, each in config.items()},
    }
    assert mistakes_in(entries_of(stack)) == []
    return built_from(stack)


def values_of(engine: Engine) -> dict[str, Any]:
    """What the chart is told."""
    return engine.named("harbor-release").inputs["values"]
