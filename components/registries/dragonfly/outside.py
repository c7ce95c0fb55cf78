"""What Dragonfly can be given from outside in the place of what it brings along: a database, a Redis."""

import re
from urllib.parse import quote_plus

from pydantic import Field, ValidationInfo, field_validator

from components.settings import Block, FilledText, Port, SecretText, Superfluous, check_once, check_password

MYSQL = 3306
HOST_AND_PORT = re.compile(r"[^\s:/]+:\d{1,5}")


class Database(Block):
    """The block `hero:dragonfly.database`: a MySQL that is there already."""

    host: FilledText = Field(description="The host of the MySQL.", examples=["mysql.example.com"])
    port: Port = Field(default=MYSQL, description="The port.", examples=["3306"])
    username: FilledText = Field(description="The owner of the database.", examples=["dragonfly"])
    password: SecretText = Field(description="The owner's password.", examples=["PASSWORD"])
    name: FilledText = Field(default="manager", description="The database.", examples=["manager"])
    insecure_plaintext: bool = Field(
        default=False,
        description="Connect without TLS: passwords and data are sent in plaintext. With false, a public CA must "
        "have signed the database's certificate.",
        examples=["false"],
    )


class Redis(Block):
    """The block `hero:dragonfly.redis`: a Redis that is there already."""

    addresses: list[FilledText] = Field(
        min_length=1,
        description="host:port of the Redis, or of two or more sentinels with sentinelMaster, each once.",
        examples=[["redis.example.com:6379"]],
    )
    sentinel_master: FilledText | None = Field(
        default=None, description="The master's name in Sentinel.", examples=["mymaster"]
    )
    username: FilledText | None = Field(default=None, description="The Redis user.", examples=["dragonfly"])
    password: SecretText | None = Field(default=None, description="The password.", examples=["PASSWORD"])
    insecure_plaintext: bool = Field(
        default=False,
        description="Must be true: passwords and data are sent in plaintext, because Dragonfly 2.5.0 supports no "
        "TLS for Redis.",
        examples=["true"],
    )

    @field_validator("addresses")
    @classmethod
    def _check_addresses(cls, addresses: list[str]) -> list[str] | None:
        for each in addresses:
            if not HOST_AND_PORT.fullmatch(each):
                raise ValueError("not host:port, each of them")
        return check_once(addresses)

    @field_validator("sentinel_master")
    @classmethod
    def _check_master(cls, master: str | None, info: ValidationInfo) -> str | None:
        if master is not None and len(info.data.get("addresses", "ab")) == 1:
            raise Superfluous("Dragonfly's jobs take one address for a Redis itself; name two sentinels or more")
        if master is None and len(info.data.get("addresses", "a")) > 1:
            raise ValueError("several addresses are sentinels', which know a master by a name")
        return master

    @field_validator("username", "password")
    @classmethod
    def _check_letters(cls, text: str | None, info: ValidationInfo) -> str | None:
        # Its jobs escape it for an URL, and only where there is one address does somebody undo that:
        # https://github.com/dragonflyoss/dragonfly/blob/v2.5.0/internal/job/job.go
        if text is not None and quote_plus(text) != text and len(info.data.get("addresses", "a")) > 1:
            raise ValueError("with several addresses, Dragonfly's jobs can only hand on letters, digits and - _ . ~")
        return text

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        # A Redis may have a password without a username.
        return check_password(password, info.data.get("username")) if password is None else password

    @field_validator("insecure_plaintext")
    @classmethod
    def _check_plaintext(cls, insecure: bool) -> bool:  # noqa: FBT001 - the value itself
        # Its caches and its jobs have no TLS, whatever it is told: https://github.com/dragonflyoss/dragonfly/issues/4907
        if not insecure:
            raise ValueError("Dragonfly can only speak to it in clear")
        return insecure
