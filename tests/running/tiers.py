"""The tiers of the test suite, and how each is run."""

from tests.checkout import ROOT

PYTEST_TIERS = {"unit": "tests/unit", "integration": "tests/engine", "e2e": "tests/embedded"}
GO = "go"
TIERS = (*PYTEST_TIERS, GO)
# The modules whose Go tests are run, with the flags of each.
GO_MODULES = {"hero": (), "providers": ("-trimpath",)}


def tier_of(nodeid: str) -> str:
    """Return the tier of a pytest node id; tests of no tier count as unit tests."""
    for tier, directory in PYTEST_TIERS.items():
        if nodeid.startswith(f"{directory}/"):
            return tier
    return "unit"


def go_commands(*options: str) -> list[tuple[str, list[str]]]:
    """Return each module's directory with the command that runs its tests, in random order."""
    return [
        (str(ROOT / module), ["go", "test", "-shuffle=on", *flags, *options, "./..."])
        for module, flags in GO_MODULES.items()
    ]
