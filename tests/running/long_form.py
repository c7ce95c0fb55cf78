"""The tests that only the long form runs, with the reason: another test of the quick form sees the same.

`make test` runs the quick form, `make test-rest` the tests named here, `make test-all` both; `make test-long-list` names
them one by one.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class LongForm:
    """Tests of the long form: a pattern of pytest node ids, and what the quick form has instead."""

    pattern: str
    reason: str

    def matches(self, nodeid: str) -> bool:
        """Whether a test is one of these."""
        return re.fullmatch(self.pattern, nodeid) is not None


LONG_FORM: tuple[LongForm, ...] = ()


def reason_for(nodeid: str) -> str | None:
    """Return why only the long form runs this test; None where the quick form runs it too."""
    return next((each.reason for each in LONG_FORM if each.matches(nodeid)), None)


def summary() -> str:
    """Return the reasons, one a line."""
    return "\n".join(f"{each.pattern}: {each.reason}" for each in LONG_FORM)
