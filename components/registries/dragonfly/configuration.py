"""What the parts of Dragonfly are told: in files of a Secret where there is a password, in the chart's values else."""

import json
from dataclasses import dataclass
from typing import Any

from components.addresses import HUB, HUBS_OWN, scheme_of
from components.registries.dragonfly.outside import Database, Redis

RELEASE = "dragonfly"
MANAGER, SCHEDULER = "manager.yaml", "scheduler.yaml"
REST_PORT, GRPC_PORT, SCHEDULER_PORT = 8080, 65003, 8002
PROXY_PORT, HEALTH_PORT = 4001, 4003
# The chart's services read metrics there.
METRICS = {"enable": True, "addr": ":8000"}
DATABASE, DATABASE_USER = "manager", "dragonfly"
REDIS_PORT, MYSQL_PORT = 6379, 3306
# Where what is mounted for them lies in the pods.
GIVEN_FOLDER, AUTHORITY_FOLDER = "/etc/hero", "/etc/hero-authorities"
AUTHORITY = "ca.crt"
HUBS_API = "index.docker.io"
# At its own default, `info`, each of them writes the login of whoever pulls into its log.
LOG_LEVEL = "warn"
# How long a manager goes on with what it read of its schedulers, how often a dfdaemon asks for them, and how often it
# tells them of itself (who is silent for twice as long is forgotten). By default that is up to 5 minutes each: for so
# long nodes would ask different schedulers for the same image, and the registry for what their neighbours have, and a
# scheduler that was started anew would know of nobody. The plugin's longestUnknown is the sum of these.
STALE, REFRESH, ANNOUNCE = "10s", "10s", "20s"


@dataclass(frozen=True)
class Passwords:
    """All that is generated, in clear."""

    signing_key: str
    database: str
    redis: str


def manager(namespace: str, passwords: Passwords, database: Database | None, redis: Redis | None) -> str:
    """The manager's file, which is YAML as JSON is.

    https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/manager/config/config.go
    """
    written: dict[str, Any] = {
        "server": {
            "rest": {"addr": f":{REST_PORT}"},
            "grpc": {"port": {"start": GRPC_PORT, "end": GRPC_PORT}},
            "logLevel": LOG_LEVEL,
        },
        "cache": {"redis": {"ttl": STALE}, "local": {"ttl": STALE}},
        "auth": {"jwt": {"key": passwords.signing_key}},
        "database": {"mysql": _mysql(namespace, passwords, database), "redis": _redis(namespace, passwords, redis)},
        "metrics": METRICS,
        "console": True,
    }
    return json.dumps(written, indent=2)


def scheduler(namespace: str, passwords: Passwords, redis: Redis | None) -> str:
    """A scheduler's file.

    https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/scheduler/config/config.go
    """
    written: dict[str, Any] = {
        "server": {"port": SCHEDULER_PORT, "advertisePort": SCHEDULER_PORT, "logLevel": LOG_LEVEL},
        "manager": {"addr": f"{RELEASE}-manager.{namespace}.svc:{GRPC_PORT}", "schedulerClusterID": 1},
        "database": {"redis": _redis(namespace, passwords, redis)},
        # Else it would forget in five minutes alone who has ended without a word.
        "scheduler": {"gc": {"hostGCInterval": ANNOUNCE}},
        "metrics": METRICS,
        "console": True,
    }
    return json.dumps(written, indent=2)


def _mysql(namespace: str, passwords: Passwords, database: Database | None) -> dict[str, Any]:
    if database is None:
        return {
            "user": DATABASE_USER,
            "password": passwords.database,
            "host": f"{RELEASE}-mysql.{namespace}.svc",
            "port": MYSQL_PORT,
            "dbname": DATABASE,
        }
    return {
        "user": database.username,
        "password": database.password,
        "host": database.host,
        "port": database.port,
        "dbname": database.name,
        # https://github.com/go-sql-driver/mysql#tls
        "tlsConfig": "false" if database.insecure_plaintext else "true",
    }


def _redis(namespace: str, passwords: Passwords, redis: Redis | None) -> dict[str, Any]:
    if redis is None:
        return {"addrs": [f"{RELEASE}-redis-master.{namespace}.svc:{REDIS_PORT}"], "password": passwords.redis}
    return {
        "addrs": redis.addresses,
        "masterName": redis.sentinel_master or "",
        "username": redis.username or "",
        "password": redis.password or "",
    }


def upstream(address: str, *, plain_http: bool) -> str:
    """Where the origin's images are really asked for: the Hub's name is not its API's."""
    host = HUBS_API if address == HUB else address
    return f"{scheme_of(address, plain_http=plain_http)}://{host}"


def proxy(address: str, *, plain_http: bool, has_authority: bool) -> dict[str, Any]:
    """What a dfdaemon's proxy does: blobs of the origin alone come from peers, and only its own machine may ask.

    It gives what it has to anybody who asks, without a login. `useTLS` is for nydusd, which asks a proxy for an https
    address by http. https://github.com/dragonflyoss/client/blob/v1.4.0/dragonfly-client/src/proxy/mod.rs

    A blob is known by its address: the chart has it known by its digest, which the scheduler 2.5.0 does not do when it
    has one fetched early, and so what was fetched would be asked for by nobody.
    """
    hosts = [HUBS_API, HUBS_OWN] if address == HUB else [address]
    secure = scheme_of(address, plain_http=plain_http) == "https"
    mirror: dict[str, Any] = {
        "addr": upstream(address, plain_http=plain_http),
        "enableTaskIDBasedBlobDigest": False,
    }
    if has_authority:
        mirror["cert"] = f"{AUTHORITY_FOLDER}/{AUTHORITY}"
    return {
        "server": {"ip": "127.0.0.1", "port": PROXY_PORT},
        "rules": [
            {"regex": f"^https?://{host.replace('.', '[.]')}/v2/.+/blobs/sha256.*", "useTLS": secure} for host in hosts
        ],
        "registryMirror": mirror,
        # Who asks for a part, as nydusd does, would have all of it fetched beside that.
        "prefetch": False,
    }
