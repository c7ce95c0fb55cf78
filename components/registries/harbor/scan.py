"""What a stack may say of when Harbor does what, and of how it looks for vulnerabilities."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from components.settings import Block, FilledText, Superfluous

# Harbor's cron has a field for seconds, and refuses any but 0 there.
CRON = re.compile(r"0( [0-9A-Za-z*?/,-]+){5}")
# By what Harbor gives each of them back as.
NAMED = {"0 0 * * * *": "Hourly", "0 0 0 * * *": "Daily", "0 0 0 * * 0": "Weekly"}


def _check_schedule(text: str) -> str:
    # In small letters Harbor takes them, and gives them back in large ones: a difference at each refresh.
    if text not in NAMED.values() and not CRON.fullmatch(text):
        raise ValueError("no such time")
    if text in NAMED:
        raise ValueError(f"this is {NAMED[text]}, and shown as that")
    return text


def _check_cron(text: str) -> str:
    if not CRON.fullmatch(text):
        raise ValueError("not a time as cron writes it")
    if text.split()[1] == "*":
        raise ValueError("more than once in an hour")
    return text


Cron = Annotated[FilledText, AfterValidator(_check_cron)]
Schedule = Annotated[FilledText, AfterValidator(_check_schedule)]


class Severity(StrEnum):
    """How bad a vulnerability is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class ScanSettings(Block):
    """The block `hero:harbor.scan`: whether and how images are looked through for vulnerabilities."""

    scanner: bool = Field(default=True, description="Install Trivy. Harbor: `trivy.enabled`.", examples=["true"])
    mirror: FilledText | None = Field(
        default=None,
        description="host[:port][/path] of a registry with Trivy's databases trivy-db and trivy-java-db. Default:"
        " they come from the internet.",
        examples=["registry.example.com/aquasec"],
    )
    every: Schedule | None = Field(
        default=None,
        description="When all images are scanned: Hourly, Daily, Weekly, or cron with six fields, of which the "
        "first (seconds) is 0.",
        examples=["Daily"],
    )
    block: Severity | None = Field(
        default=None,
        description="Wait for the scan of the pushed image and fail if it finds this severity or above: low, "
        "medium, high or critical.",
        examples=["high"],
    )

    @field_validator("mirror", "every", "block")
    @classmethod
    def _check_scanner(cls, wanted: object, info: ValidationInfo) -> object:
        if wanted is not None and info.data.get("scanner") is False:
            raise Superfluous("without a scanner nothing is scanned")
        return wanted
