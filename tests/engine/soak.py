"""How much of the tier is run: some of what is many, or all of it by `make soak`."""

import os

import pytest

LONG_RUN = os.environ.get("HERO_SOAK") == "1"
CRASHES = 50 if LONG_RUN else 2
"""Of each choice and build."""
FIRST_SEED = int(os.environ.get("HERO_SEED", "2026"))
IN_THE_LONG_RUN = pytest.mark.skipif(not LONG_RUN, reason="make soak lets each fail alone")

TRUNCATED = 20 if LONG_RUN else 1
"""Crashes of each choice after which files of the state are cut short."""
KILLS = 100 if LONG_RUN else 4
"""Processes of a real stack that are killed, one at a random moment each."""
TRUNCATIONS = 1 if LONG_RUN else 0
"""Of each kind of file, in each way; none means that some of all are chosen."""
SOME_TRUNCATIONS = 5
POINTS = ("test_crash_of_the_engine_anywhere", "test_kill_of_a_process", "test_truncation_of_")
"""The tests of which each is one point."""
