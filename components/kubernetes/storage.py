"""What a stack may say of where a registry in a cluster keeps its data: on a claim, or in a bucket."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from components.settings import Block, FilledText, SecretText, Superfluous

SIZE = re.compile(r"[1-9]\d*(Mi|Gi|Ti)")


def _check_size(size: str) -> str:
    if not SIZE.fullmatch(size):
        raise ValueError("not a number with Mi, Gi or Ti behind it")
    return size


Size = Annotated[FilledText, AfterValidator(_check_size)]


class Bucket(Block):
    """A bucket of Amazon's S3, or of a service that speaks its protocol; each choice has a folder of its own there."""

    bucket: FilledText = Field(description="The bucket.", examples=["hero"])
    region: FilledText = Field(description="The bucket's region.", examples=["eu-central-1"])
    endpoint: FilledText | None = Field(
        default=None,
        description="URL of an S3-compatible service other than Amazon's, starting with https:// or http://.",
        examples=["https://minio.example.com"],
    )
    folder: FilledText = Field(description="The path in the bucket, starting with /.", examples=["/hero"])
    access_key: SecretText | None = Field(
        default=None,
        description="The access key. Default: the permissions of the pods.",
        examples=["ACCESS_KEY"],
    )
    secret_key: SecretText | None = Field(
        default=None, description="The secret key. Required with `accessKey`.", examples=["SECRET_KEY"]
    )

    @field_validator("secret_key")
    @classmethod
    def _check_secret_key(cls, key: str | None, info: ValidationInfo) -> str | None:
        if (key is None) == (info.data.get("access_key") is None):
            return key
        if key is None:
            raise ValueError("missing: an access key has a secret key")
        raise Superfluous("without an access key nobody needs it")
