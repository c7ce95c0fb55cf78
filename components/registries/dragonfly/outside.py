"""What Dragonfly can be given from outside in the place of what it brings along: a database, a Redis."""

import re

from pydantic import Field, ValidationInfo, field_validator

from components.files import check_certificate
from components.settings import Block, FilledText, Port, SecretText, Superfluous, check_once, check_password

MYSQL = 3306
HOST_AND_PORT = re.compile(r"[^\s:/]+:\d{1,5}")


class Database(Block):
    """The block `hero:dragonfly.database`: a MySQL that is there already."""

    host: FilledText = Field(description="the host of a MySQL", examples=["mysql.example.com"])
    port: Port = Field(default=MYSQL, description="its port", examples=["3306"])
    username: FilledText = Field(description="who owns the database there", examples=["dragonfly"])
    password: SecretText = Field(description="the owner's password, given as a secret", examples=["PASSWORD"])
    name: FilledText = Field(default="manager", description="the database's name", examples=["manager"])
    insecure_plaintext: bool = Field(
        default=False,
        description="true, so that the password and all else go over the network in clear, or false, where a public "
        "authority has signed the database's certificate",
        examples=["false"],
    )


class Redis(Block):
    """The block `hero:dragonfly.redis`: a Redis that is there already."""

    addresses: list[FilledText] = Field(
        min_length=1,
        description="a list of host:port, each once: of a Redis, or with sentinelMaster of its sentinels",
        examples=[["redis.example.com:6379"]],
    )
    sentinel_master: FilledText | None = Field(
        default=None, description="the name under which sentinels know the master", examples=["mymaster"]
    )
    username: FilledText | None = Field(default=None, description="who logs in there", examples=["dragonfly"])
    password: SecretText | None = Field(
        default=None, description="the password, given as a secret", examples=["PASSWORD"]
    )
    sentinel_password: SecretText | None = Field(
        default=None, description="only with sentinelMaster: the sentinels' password, given as a secret", examples=["P"]
    )
    ca_certificate: FilledText | None = Field(
        default=None,
        description="the file of the authority's certificate, in PEM, that Redis is known by; without it, only with "
        "insecurePlaintext",
        examples=["./ca.pem"],
    )
    insecure_plaintext: bool = Field(
        default=False,
        description="true, so that the password and all else go over the network in clear, or false",
        examples=["true"],
    )

    @field_validator("addresses")
    @classmethod
    def _check_addresses(cls, addresses: list[str]) -> list[str] | None:
        for each in addresses:
            if not HOST_AND_PORT.fullmatch(each):
                raise ValueError("not host:port, each of them")
        return check_once(addresses)

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        # A Redis may have a password without a username.
        return check_password(password, info.data.get("username")) if password is None else password

    @field_validator("sentinel_password")
    @classmethod
    def _check_sentinel_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        if password is not None and "sentinel_master" in info.data and info.data["sentinel_master"] is None:
            raise Superfluous("without sentinelMaster there are no sentinels")
        return password

    @field_validator("ca_certificate")
    @classmethod
    def _check_certificate(cls, file: str | None) -> str | None:
        return None if file is None else check_certificate(file)

    @field_validator("insecure_plaintext")
    @classmethod
    def _check_plaintext(cls, insecure: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - the value itself
        if "ca_certificate" not in info.data:
            return insecure
        if insecure and info.data["ca_certificate"]:
            raise Superfluous("with caCertificate, Redis is spoken to by TLS")
        if not insecure and info.data["ca_certificate"] is None:
            raise ValueError("without caCertificate, Dragonfly can only speak to it in clear")
        return insecure
