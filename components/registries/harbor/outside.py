"""What Harbor can be given from outside in the place of what it brings along: a database, a Redis, a bucket."""

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from components.kubernetes.storage import Bucket
from components.settings import Block, FilledText, Port, SecretText, Superfluous

POSTGRESQL = 5432


class HarborBucket(Bucket):
    """The block `hero:harbor.s3`: a bucket in the place of the images' claim."""

    folder: FilledText = Field(
        default="/harbor", description="The path in the bucket, starting with /.", examples=["/harbor"]
    )


class AzureContainer(Block):
    """The block `hero:harbor.azure`: a container of Azure's in the place of the images' claim."""

    account: FilledText = Field(description="The storage account.", examples=["hero"])
    container: FilledText = Field(description="The container.", examples=["hero"])
    key: SecretText = Field(description="The storage account's key.", examples=["ACCOUNT_KEY"])


class GoogleBucket(Block):
    """The block `hero:harbor.gcs`: a bucket of Google's in the place of the images' claim."""

    bucket: FilledText = Field(description="The bucket.", examples=["hero"])
    folder: FilledText = Field(
        default="/harbor", description="The path in the bucket, starting with /.", examples=["/harbor"]
    )
    key: SecretText | None = Field(
        default=None,
        description="A service account key: JSON in one line (jq -c). Default: the permissions of the pods.",
        examples=["SERVICE_ACCOUNT_KEY"],
    )


class Verification(StrEnum):
    """How a database's certificate is looked at."""

    DISABLE = "disable"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


class Database(Block):
    """The block `hero:harbor.database`: a PostgreSQL that is there already."""

    host: FilledText = Field(description="The host of the PostgreSQL.", examples=["postgresql.example.com"])
    port: Port = Field(default=POSTGRESQL, description="The port.", examples=["5432"])
    username: FilledText = Field(description="The owner of the database.", examples=["harbor"])
    password: SecretText = Field(description="The owner's password.", examples=["PASSWORD"])
    name: FilledText = Field(default="registry", description="The database.", examples=["registry"])
    verification: Verification = Field(
        default=Verification.VERIFY_FULL,
        description="TLS verification: verify-full, verify-ca, require (the server is not authenticated) or "
        "disable (passwords and data are sent in plaintext). PostgreSQL: `sslmode`.",
        examples=["verify-full"],
    )


class Redis(Block):
    """The block `hero:harbor.redis`: a Redis that is there already."""

    insecure_plaintext: bool = Field(
        default=False,
        description="Connect without TLS: passwords and data are sent in plaintext.",
        examples=["false"],
    )
    sentinel_master: FilledText | None = Field(
        default=None,
        description="The master's name in Sentinel. Only with insecurePlaintext; Harbor's chart supports no other.",
        examples=["mymaster"],
    )
    address: FilledText = Field(
        description="host:port of the Redis; with sentinelMaster, host:port,host:port,… of its sentinels.",
        examples=["redis.example.com:6379"],
    )
    username: FilledText | None = Field(default=None, description="The Redis user.", examples=["harbor"])
    password: SecretText | None = Field(
        default=None,
        description="The password. Harbor's chart writes it into ConfigMaps of the namespace.",
        examples=["PASSWORD"],
    )

    @field_validator("sentinel_master")
    @classmethod
    def _check_sentinel(cls, master: str | None, info: ValidationInfo) -> str | None:
        # Its registry-cm.yaml names the master where the scheme is redis+sentinel, and with TLS it is rediss+sentinel.
        if master is not None and info.data.get("insecure_plaintext") is False:
            raise Superfluous("by TLS Harbor's chart finds no sentinels")
        return master

    @field_validator("address")
    @classmethod
    def _check_address(cls, address: str, info: ValidationInfo) -> str:
        several = address.split(",")
        for each in several:
            host, _, port = each.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("not host:port")
        if len(several) > 1 and info.data.get("sentinel_master", "") is None:
            raise ValueError("several addresses are those of sentinels, which need sentinelMaster")
        return address

    @field_validator("password")
    @classmethod
    def _check_password(cls, password: str | None, info: ValidationInfo) -> str | None:
        if password is None and info.data.get("username"):
            raise ValueError("missing: a username has a password")
        return password
