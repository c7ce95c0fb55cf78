"""What a stack may not say of a registry in a cluster: each with the place and the words that tell it."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.unit.configuration import entries_of, follow, mistakes_in, sealed, write_sources

BUCKET = {"bucket": "hero", "region": "eu-central-1"}
CACHE = sealed("redis://redis.example.com:6379")
HUB = {"name": "hub", "kind": "docker-hub", "url": "https://hub.docker.com"}
DATABASE = {"host": "postgresql.example.com", "username": "harbor", "password": sealed("hidden")}

# What every choice in a cluster refuses, by zot.
WRONG: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "no domain": ("zot", {"domain": None}, {"domain": "input should be a valid string"}),
    "a domain with a scheme": ("zot", {"domain": "https://hero"}, {"domain": "not a host"}),
    "a domain in capitals": ("zot", {"domain": "Hero.example.com"}, {"domain": "not a host"}),
    "another way out": ("zot", {"expose": "clusterIP"}, {"expose": "'nodePort', 'loadBalancer' or 'ingress'"}),
    "an ingress by address": ("zot", {"domain": "10.0.0.1", "expose": "ingress"}, {"expose": "goes by a name"}),
    "a port that no node opens": ("zot", {"port": 443}, {"port": "no port that Kubernetes opens"}),
    "a class without an ingress": ("zot", {"ingressClass": "nginx"}, {"ingressClass": "nobody reads it"}),
    "two certificates": (
        "zot",
        {"certificateIssuer": "letsencrypt", "certificateSecret": "certificates/hero"},
        {"certificateSecret": "makes a Secret of its own"},
    ),
    "a Secret without a namespace": ("zot", {"certificateSecret": "hero"}, {"certificateSecret": "not namespace/name"}),
    "an authority beside ours": ("zot", {"caCertificate": "ca.pem"}, {"caCertificate": "own authority signs"}),
    "http with a certificate": (
        "zot",
        {"certificateIssuer": "letsencrypt", "insecureHttp": True},
        {"insecureHttp": "there is a certificate"},
    ),
    "a namespace in capitals": ("zot", {"namespace": "Hero"}, {"namespace": "not a name in Kubernetes"}),
    "a size without a unit": ("zot", {"size": "8"}, {"size": "not a number with Mi, Gi or Ti"}),
    "no size": ("zot", {"size": "0Gi"}, {"size": "not a number with Mi, Gi or Ti"}),
    # zot's own.
    "a cache for a claim": ("zot", {"cache": CACHE}, {"cache": "nothing to share"}),
    "several replicas of a claim": ("zot", {"replicas": 2}, {"replicas": "need a bucket and a cache"}),
    "several replicas without a cache": (
        "zot",
        {"s3": BUCKET, "replicas": 2},
        {"replicas": "need a bucket and a cache"},
    ),
    "half a key to a bucket": (
        "zot",
        {"s3": {**BUCKET, "accessKey": sealed("hidden")}},
        {"s3.secretKey": "an access key has a secret key"},
    ),
    "a page without search": ("zot", {"search": False}, {"ui": "no ui without search"}),
    "a scan of a bucket": ("zot", {"s3": BUCKET, "cve": "24h"}, {"cve": "in a bucket"}),
    "a scan without search": ("zot", {"search": False, "ui": False, "cve": "24h"}, {"cve": "no scan without search"}),
    "too many scans": ("zot", {"cve": "1h"}, {"cve": "shorter than two hours"}),
    "too many looks": ("zot", {"scrub": "90m"}, {"scrub": "shorter than two hours"}),
    "a monitor without metrics": ("zot", {"serviceMonitor": True}, {"serviceMonitor": "nothing to read"}),
    "extensions of what has none": ("zot", {"minimal": True, "trust": True}, {"trust": "has no extensions"}),
    "a time in days": ("zot", {"gcDelay": "1d"}, {"gcDelay": "not a time such as"}),
    "a mirror that never comes": (
        "zot",
        {"sync": [{"url": "https://registry.example.com", "onDemand": False}]},
        {"sync[0].every": "anything would come"},
    ),
    "a mirror of all by schedule": (
        "zot",
        {"sync": [{"url": "https://registry.example.com", "every": "6h"}]},
        {"sync[0].content": "only what is named comes"},
    ),
    "nats without a subject": (
        "zot",
        {"events": [{"type": "nats", "address": "nats://nats.example.com:4222"}]},
        {"events[0].channel": "publishes on a subject"},
    ),
    # Harbor's own.
    "two buckets": (
        "harbor",
        {"s3": BUCKET, "gcs": {"bucket": "hero"}},
        {"gcs": "in another bucket already"},
    ),
    "a redirect to a claim": ("harbor", {"redirect": True}, {"redirect": "nothing to be sent to"}),
    "several registries on a claim": ("harbor", {"replicas": 2}, {"replicas": "a bucket that they share"}),
    "a database that outlives its key": (
        "harbor",
        {"database": DATABASE, "keepData": False},
        {"database": "would outlive the keys"},
    ),
    "a database in clear": (
        "harbor",
        {"database": {**DATABASE, "password": "hunter2"}},
        {"database.password": "stands in clear"},
    ),
    "a redis without a port": ("harbor", {"redis": {"address": "redis"}}, {"redis.address": "not host:port"}),
    "sentinels of nobody": (
        "harbor",
        {"redis": {"address": "one:26379,two:26379"}},
        {"redis.address": "those of sentinels"},
    ),
    "sentinels by TLS": (
        "harbor",
        {"redis": {"address": "one:26379", "sentinelMaster": "mymaster"}},
        {"redis.sentinelMaster": "finds no sentinels"},
    ),
    "a scan without a scanner": (
        "harbor",
        {"scan": {"scanner": False, "block": "high"}},
        {"scan.block": "nothing is scanned"},
    ),
    "a time that Harbor does not know": ("harbor", {"scan": {"every": "daily"}}, {"scan.every": "no such time"}),
    "every day in other words": ("harbor", {"scan": {"every": "0 0 0 * * *"}}, {"scan.every": "this is Daily"}),
    "a time with seconds": ("harbor", {"scan": {"every": "30 0 3 * * *"}}, {"scan.every": "no such time"}),
    "how bad in other words": ("harbor", {"scan": {"block": "severe"}}, {"scan.block": "'low', 'medium', 'high' or"}),
    "a project in capitals": ("harbor", {"project": {"name": "Hero"}}, {"project.name": "not words of a-z and 0-9"}),
    "Hero behind a mirror": (
        "harbor",
        {"project": {"proxyOf": "hub"}, "registries": [HUB]},
        {"project.proxyOf": "nobody can push"},
    ),
    "another pusher": (
        "harbor",
        {"project": {"robots": [{"name": "pusher"}]}},
        {"project.robots[0]": "pusher is there already"},
    ),
    "a robot that pushes and cannot pull": (
        "harbor",
        {"project": {"robots": [{"name": "ci", "may": ["repository:push"]}]}},
        {"project.robots[0].may": "whoever pushes has to pull"},
    ),
    "a robot with a capital": (
        "harbor",
        {"robots": [{"name": "CI"}]},
        {"robots[0].name": "not words of a-z and 0-9"},
    ),
    "an action without a resource": (
        "harbor",
        {"robots": [{"name": "ci", "may": ["pull"]}]},
        {"robots[0].may[0]": "not resource:action"},
    ),
    "two rules in one": (
        "harbor",
        {"project": {"retention": {"keep": [{"mostRecentlyPushed": 1, "daysSincePush": 1}]}}},
        {"project.retention.keep[0].daysSincePush": "another measure is there"},
    ),
    "no rule": ("harbor", {"project": {"retention": {"keep": []}}}, {"project.retention.keep": "at least 1 item"}),
    "a member who is nobody": (
        "harbor",
        {"project": {"members": [{"role": "guest"}]}},
        {"project.members[0].group": "a user or a group"},
    ),
    "a member who is two": (
        "harbor",
        {"project": {"members": [{"user": "a", "group": "b", "role": "guest"}]}},
        {"project.members[0].group": "there is a user"},
    ),
    "two projects of a name": (
        "harbor",
        {"projects": [{"name": "team"}, {"name": "team"}]},
        {"projects[1]": "team is there twice"},
    ),
    "a second project of Hero's name": (
        "harbor",
        {"projects": [{"name": "hero"}]},
        {"projects[0]": "this is the name of Hero's project"},
    ),
    "a mirror of nobody": (
        "harbor",
        {"projects": [{"name": "mirror", "proxyOf": "hub"}]},
        {"projects[0]": "hub is none of hero:harbor.registries"},
    ),
    "a mirror of what has none": (
        "harbor",
        {"registries": [{**HUB, "kind": "quay"}], "projects": [{"name": "mirror", "proxyOf": "hub"}]},
        {"projects[0]": "no project can be a mirror of hub"},
    ),
    "a registry with a path to nowhere": (
        "harbor",
        {"registries": [{**HUB, "url": "https://hub.docker.com/"}]},
        {"registries[0].url": "ends with /"},
    ),
    "a block by a scanner that is not there": (
        "harbor",
        {"scan": {"scanner": False}, "projects": [{"name": "team", "block": "high"}]},
        {"projects[0]": "wants what only a scanner finds"},
    ),
    "a member twice": (
        "harbor",
        {"project": {"members": [{"user": "a", "role": "guest"}, {"user": "a", "role": "developer"}]}},
        {"project.members[1]": "a is there twice"},
    ),
    "the same tags twice": (
        "harbor",
        {"project": {"immutableTags": [{"tags": "v*"}, {"tags": "v*"}]}},
        {"project.immutableTags[1]": "is there twice"},
    ),
    "a group in two places": (
        "harbor",
        {"groups": [{"name": "platform", "distinguishedName": "cn=platform"}]},
        {"groups[0].distinguishedName": "only ldap has such names"},
    ),
    "a weak password": (
        "harbor",
        {"users": [{"name": "a", "fullName": "A", "email": "a@example.com", "password": sealed("weak")}]},
        {"users[0].password": "none that Harbor takes"},
    ),
    "people of two kinds": (
        "harbor",
        {
            "users": [{"name": "a", "fullName": "A", "email": "a@example.com", "password": sealed("Hidden-1")}],
            "ldap": {"url": "ldaps://example.com", "base": "dc=example"},
        },
        {"ldap": "Harbor itself knows the users"},
    ),
    "a replication to nobody": (
        "harbor",
        {"replications": [{"name": "out", "registry": "hub"}]},
        {"replications[0]": "hub is none of hero:harbor.registries"},
    ),
    "a replication every day": (
        "harbor",
        {"registries": [HUB], "replications": [{"name": "out", "registry": "hub", "every": "Daily"}]},
        {"replications[0].every": "as cron writes it"},
    ),
    "a replication every minute": (
        "harbor",
        {"registries": [HUB], "replications": [{"name": "out", "registry": "hub", "every": "0 * * * * *"}]},
        {"replications[0].every": "more than once in an hour"},
    ),
    "a deletion of what is pulled": (
        "harbor",
        {
            "registries": [HUB],
            "replications": [{"name": "in", "registry": "hub", "direction": "pull", "deletion": True}],
        },
        {"replications[0].deletion": "only what is pushed"},
    ),
    "two ways to log in": (
        "harbor",
        {
            "oidc": {
                "name": "Keycloak",
                "endpoint": "https://login.example.com",
                "clientId": "harbor",
                "clientSecret": sealed("hidden"),
            },
            "ldap": {"url": "ldaps://example.com", "base": "dc=example"},
        },
        {"ldap": "at a provider of identities already"},
    ),
    "a group that LDAP has nowhere": (
        "harbor",
        {"groups": [{"name": "platform", "kind": "ldap"}]},
        {"groups[0].distinguishedName": "with ldap a group is somewhere"},
    ),
    "an audit log that is nowhere": (
        "harbor",
        {"system": {"auditLogInDatabase": False}},
        {"system.auditLogInDatabase": "without a syslog"},
    ),
    "a banner that would end too early": ("harbor", {"system": {"banner": 'a "b"'}}, {"system.banner": "has"}),
    "a color in words": (
        "harbor",
        {"labels": [{"name": "stable", "color": "green"}]},
        {"labels[0].color": "not # and"},
    ),
    "a vulnerability without a number": (
        "harbor",
        {"allowedCves": {"identifiers": ["heartbleed"]}},
        {"allowedCves.identifiers[0]": "not a vulnerability's identifier"},
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's folder, with what the examples name."""
    write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", WRONG)
def test_it_is_told_where_it_stands(name: str) -> None:
    choice, block, expected = WRONG[name]
    config = {"hero:registry": choice, f"hero:{choice}": {"domain": "hero.127.0.0.1.nip.io", **block}}
    told = mistakes_in(entries_of(config))
    assert [mistake.path for mistake in told] == [f"hero:{choice}.{path}" for path in expected]
    for mistake, problem in zip(told, expected.values(), strict=True):
        assert problem in mistake.problem or "[secret]" in mistake.problem


# What is typed there in the secret's place is for who types it.
@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"a weak password"}))
def test_whoever_follows_the_advice_ends_with_a_config_that_is_right(name: str) -> None:
    choice, block, _ = WRONG[name]
    config: dict[str, Any] = {
        "hero:registry": choice,
        f"hero:{choice}": {"domain": "hero.127.0.0.1.nip.io", **copy.deepcopy(block)},
    }
    for _ in range(3):
        for mistake in mistakes_in(entries_of(config)):
            follow(mistake.mend, config)
    assert mistakes_in(entries_of(config)) == []
