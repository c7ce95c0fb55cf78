"""What Harbor can be given from outside in the place of what it brings along: a database, a Redis, a bucket."""

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from components.kubernetes.storage import Bucket
from components.settings import Block, FilledText, Port, SecretText, Superfluous

POSTGRESQL = 5432


class HarborBucket(Bucket):
    """The block `hero:harbor.s3`: a bucket in the place of the images' claim."""

    folder: FilledText = Field(
        default="/harbor", description="the path in the bucket, beginning with /", examples=["/harbor"]
    )


class AzureContainer(Block):
    """The block `hero:harbor.azure`: a container of Azure's in the place of the images' claim."""

    account: FilledText = Field(description="the storage account's name", examples=["hero"])
    container: FilledText = Field(description="the container's name", examples=["hero"])
    key: SecretText = Field(description="the storage account's key, given as a secret", examples=["ACCOUNT_KEY"])


class GoogleBucket(Block):
    """The block `hero:harbor.gcs`: a bucket of Google's in the place of the images' claim."""

    bucket: FilledText = Field(description="the bucket's name", examples=["hero"])
    folder: FilledText = Field(
        default="/harbor", description="the path in the bucket, beginning with /", examples=["/harbor"]
    )
    key: SecretText | None = Field(
        default=None,
        description="a service account's key, which is JSON, in one line (jq -c), given as a secret; without it, what "
        "the pods' own account may do",
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

    host: FilledText = Field(description="the host of a PostgreSQL", examples=["postgresql.example.com"])
    port: Port = Field(default=POSTGRESQL, description="its port", examples=["5432"])
    username: FilledText = Field(description="who owns the database there", examples=["harbor"])
    password: SecretText = Field(description="the owner's password, given as a secret", examples=["PASSWORD"])
    name: FilledText = Field(default="registry", description="the database's name", examples=["registry"])
    verification: Verification = Field(
        default=Verification.VERIFY_FULL,
        description="verify-full | verify-ca | require, where anybody can pass for it | disable, where passwords and "
        "data go over the network in clear",
        examples=["verify-full"],
    )


class Redis(Block):
    """The block `hero:harbor.redis`: a Redis that is there already."""

    insecure_plaintext: bool = Field(
        default=False,
        description="true, so that the password and all else go over the network in clear, or false",
        examples=["false"],
    )
    sentinel_master: FilledText | None = Field(
        default=None,
        description="the name under which sentinels know the master; only with insecurePlaintext, as Harbor's chart "
        "finds none otherwise",
        examples=["mymaster"],
    )
    address: FilledText = Field(
        description="host:port of a Redis; with sentinelMaster host:port,host:port,… of its sentinels",
        examples=["redis.example.com:6379"],
    )
    username: FilledText | None = Field(default=None, description="who logs in there", examples=["harbor"])
    password: SecretText | None = Field(
        default=None,
        description="the password, given as a secret; Harbor's chart writes it into config maps of the namespace",
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
