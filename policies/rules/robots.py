"""Logins of machines that nobody ever changes."""

from collections.abc import Iterator

from policies.rule import Resource, Rule, Said

LONGEST_DAYS = 180
# How many days each is good for; a token of Docker Hub has no end of its own.
DAYS = {
    "hero-home:provider:HarborRobot": "days",
    "harbor:index/robotAccount:RobotAccount": "duration",
    "hero-home:provider:DockerHubToken": "",
}


def check(resource: Resource, said: Said) -> Iterator[str]:
    """One that ends soon is changed by itself; any other has to be of a generation that the stack names."""
    if resource.type not in DAYS or said.rotate:
        return
    days = resource.inputs.get(DAYS[resource.type], -1)
    if isinstance(days, int | float) and not 0 < days <= LONGEST_DAYS:
        yield (
            f"it opens the registry for more than {LONGEST_DAYS} days, and the stack has never rotated it: give it "
            "`days`, or set `rotate` of the registry to today's date, now and whenever it is to be another one"
        )


ROTATED_ROBOTS = Rule(
    "rotated-robots", "Robot accounts and tokens are rotated or expire within 180 days.", check, advisory=True
)
