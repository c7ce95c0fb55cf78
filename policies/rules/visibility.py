"""Who sees an image: nobody without a login, unless the stack says so."""

import re
from collections.abc import Iterator

from policies.rule import Resource, Rule, Said

PROJECTS = ("hero-home:provider:HarborProject", "harbor:index/project:Project")
REPOSITORY = "hero-home:provider:DockerHubRepository"
# In zot's own configuration, which is a text in a Secret.
ANONYMOUS = re.compile(r"\banonymousPolicy\[0\]$")


def check(resource: Resource, _: Said) -> Iterator[str]:
    """Of each registry, in its own words."""
    if resource.type in PROJECTS and str(resource.inputs.get("public")).lower() == "true":
        yield "the project is public: whoever reaches the registry can pull all that is in it"
    if resource.type == REPOSITORY and resource.inputs.get("private") is False:
        yield "the repository is public: everybody can pull all that is in it"
    for path, _value in resource.leaves():
        if ANONYMOUS.search(path):
            yield f"{path.removesuffix('[0]')} lets people in who have no login"


NOTHING_PUBLIC = Rule("nothing-public", "Projects and repositories are private.", check)
