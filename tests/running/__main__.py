"""`python -m tests.running COMMAND`: what `make test` and its siblings run.

`quick` is `make test`, `rest` what it leaves out, `all` both; each takes names of tiers and options of pytest.
`one NAME` runs what has this name, `changed [BASE]` what the changes since BASE reach. `list` names what only the long
form runs, and `times` runs both forms and prints their times as a table.
"""

import sys

from tests.running import changed, long_form
from tests.running.go_tests import GoTests
from tests.running.report import Times, table, total
from tests.running.run import Run, run
from tests.running.tiers import GO, PYTEST_TIERS, TIERS

FORMS = {"quick": "skip", "rest": "only", "all": "include"}


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    command, *rest = arguments or ["quick"]
    if command in FORMS:
        return run_form(command, rest)
    if command == "one" and rest and rest[0]:
        return run_one(rest[0])
    if command == "changed":
        return run_changed(rest[0] if rest else "")
    if command == "list":
        return list_long_form()
    if command == "times":
        return measure()
    sys.exit(__doc__)


def run_form(form: str, arguments: list[str]) -> int:
    """Run a form of the suite, or of some tiers."""
    tiers = [each for each in arguments if each in TIERS]
    options = [each for each in arguments if each not in TIERS]
    times = run(planned(form, tiers, options))
    print(total(times))
    return times.code


def planned(form: str, tiers: list[str], options: list[str]) -> Run:
    """Return what a form runs: the rest has no Go tests, since the quick form runs all of them."""
    chosen = tiers or list(TIERS)
    paths = [PYTEST_TIERS[tier] for tier in chosen if tier in PYTEST_TIERS]
    return Run(form, paths, ["--long", FORMS[form], *options], with_go=GO in chosen and form != "rest")


def run_one(name: str) -> int:
    """Run the tests of one name: a node id or a part of a name for pytest, the name of a function for Go."""
    if name.startswith("Test"):
        return GoTests("-run", f"^{name}$").start().finish()
    return run(Run("one", [name] if "::" in name or "/" in name else ["-k", name])).code


def run_changed(base: str) -> int:
    """Run what the changes since the base reach."""
    reached = changed.reached(base)
    print(changed.summary(reached))
    if not reached.pytest and not reached.go:
        return 0
    return run(Run("changed", reached.pytest, [], with_go=reached.go)).code


def list_long_form() -> int:
    """Name the tests and the mutations that only the long form runs."""
    options = ["--long", "only", "--collect-only", "--quiet", "-p", "no:randomly"]
    found = run(Run("list", list(PYTEST_TIERS.values()), options))
    print(long_form.summary())
    return found.code


def measure() -> int:
    """Run both forms and print the times of each."""
    measured: list[Times] = [run(planned(form, [], [])) for form in ("quick", "rest")]
    print(table(measured))
    return max(times.code for times in measured)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
