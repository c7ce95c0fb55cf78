"""Names in Kubernetes."""

import re
from typing import Annotated

import pulumi
from pydantic import AfterValidator

from components.settings import FilledText

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LONGEST_LABEL = 63
LONGEST_PART_OF_STACK = 50


def check_label(name: str) -> str:
    """For a validator: whether most objects may have this name."""
    if not LABEL.fullmatch(name):
        raise ValueError("not a name in Kubernetes")
    return name


Label = Annotated[FilledText, AfterValidator(check_label)]


def name_of_stack() -> str:
    """The stack's name as far as it can be a part of a name in Kubernetes."""
    return re.sub("[^a-z0-9]+", "-", pulumi.get_stack().lower()).strip("-")[:LONGEST_PART_OF_STACK]


def name_for(what: str, longest: int = LONGEST_LABEL) -> str:
    """What something of the stack's is called where nothing else is said: `hero-<stack>-<what>`."""
    room = longest - len(f"hero--{what}")
    return f"hero-{name_of_stack()[:room].strip('-')}-{what}"
