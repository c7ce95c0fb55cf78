"""Names of what is in a Harbor."""

import re
from typing import Annotated

from pydantic import AfterValidator

from components.settings import FilledText

# Harbor's own, src/pkg/project/manager.go and src/server/v2.0/handler/robot.go.
NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
ACTION = re.compile(r"[a-z-]+:[a-z-]+")
CVE = re.compile(r"[A-Za-z]+-[0-9A-Za-z-]+")
COLOR = re.compile(r"#[0-9A-F]{6}")


def _check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("not words of a-z and 0-9 with single . _ - between them")
    return name


def _check_action(action: str) -> str:
    if not ACTION.fullmatch(action):
        raise ValueError("not resource:action")
    return action


def _check_cve(identifier: str) -> str:
    if not CVE.fullmatch(identifier):
        raise ValueError("not a vulnerability's identifier")
    return identifier


def _check_color(color: str) -> str:
    if not COLOR.fullmatch(color):
        raise ValueError("not # and six of 0-9 A-F")
    return color


Name = Annotated[FilledText, AfterValidator(_check_name)]
Action = Annotated[FilledText, AfterValidator(_check_action)]
Identifier = Annotated[FilledText, AfterValidator(_check_cve)]
Color = Annotated[FilledText, AfterValidator(_check_color)]
