"""What the parts of a Dragonfly know each other by, in a Secret and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.kubernetes.cluster import Cluster, fingerprint, name_of
from components.registries.dragonfly.configuration import (
    AUTHORITY,
    MANAGER,
    SCHEDULER,
    Passwords,
    manager,
    scheduler,
)
from components.registries.dragonfly.settings import DragonflySettings

GIVEN = "dragonfly-given"
# The manager takes no password of more than 20 characters.
# https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/manager/types/user.go
LONGEST_PASSWORD = 20
LENGTH = 32
# By the keys under which the charts of the database and of Redis look for each.
ROOT_PASSWORD, DATABASE_PASSWORD, REDIS_PASSWORD = "mysql-root-password", "mysql-password", "redis-password"


@dataclass(frozen=True)
class Secrets:
    """The Secret, and what is told of it to those who read it."""

    given: pulumi.Output[str]
    """Its name."""
    account: pulumi.Output[str]
    """The password of the manager's first account, which is in no Secret."""
    fingerprints: Mapping[str, pulumi.Output[str]]
    """Of each of its files: another one where the file is another."""


def make_secrets(
    name: str,
    settings: DragonflySettings,
    authority: pulumi.Output[str] | None,
    cluster: Cluster,
    parent: pulumi.Resource,
) -> Secrets:
    """Everything that the chart would leave at a default that all know, or write into a ConfigMap.

    Types: a `random:index/randomPassword:RandomPassword` for each of up to five, and a `kubernetes:core/v1:Secret`.
    """

    def password(what: str, length: int, rotate: str) -> pulumi.Output[str]:
        made = random.RandomPassword(
            f"{name}-{what}",
            length=length,
            special=False,
            keepers={"rotate": rotate},
            opts=pulumi.ResourceOptions(parent=parent),
        )
        return made.result

    account = password("account-password", LONGEST_PASSWORD, settings.rotate)
    key = password("signing-key", LENGTH, settings.rotate)
    # A database that is there keeps the password that it began with.
    database = "" if settings.database else password("database-password", LENGTH, "")
    redis = "" if settings.redis else password("redis-password", LENGTH, "")
    files = _files(cluster.name, settings, key, database, redis)
    if authority:
        files[AUTHORITY] = authority
    told: dict[str, pulumi.Input[str]] = {**files}
    if not settings.database:
        told[ROOT_PASSWORD] = password("database-root-password", LENGTH, "")
        told[DATABASE_PASSWORD] = database
    if not settings.redis:
        told[REDIS_PASSWORD] = redis
    made = kubernetes.core.v1.Secret(
        f"{name}-given",
        metadata={"name": GIVEN, "namespace": cluster.namespace},
        string_data=pulumi.Output.secret(told),
        opts=pulumi.ResourceOptions(parent=parent, provider=cluster.provider),
    )
    # In the manager's file is the signing key; without it, whoever sees the schedulers' print could guess at passwords.
    salted = {**files, SCHEDULER: pulumi.Output.concat(files[SCHEDULER], key)}
    prints = {file: pulumi.Output.unsecret(fingerprint(text)) for file, text in salted.items()}
    return Secrets(made.metadata.apply(name_of), account, prints)


def _files(
    namespace: str,
    settings: DragonflySettings,
    key: pulumi.Output[str],
    database: pulumi.Input[str],
    redis: pulumi.Input[str],
) -> dict[str, pulumi.Input[str]]:
    known = pulumi.Output.all(key, database, redis).apply(lambda known: Passwords(*known))
    files: dict[str, pulumi.Input[str]] = {
        MANAGER: known.apply(lambda passwords: manager(namespace, passwords, settings.database, settings.redis)),
        SCHEDULER: known.apply(lambda passwords: scheduler(namespace, passwords, settings.redis)),
    }
    return files
