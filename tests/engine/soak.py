"""How much of the tier is run: some of what is many, or all of it by `make soak`."""

import os

import pytest

LONG_RUN = os.environ.get("HERO_SOAK") == "1"
CRASHES = 50 if LONG_RUN else 2
"""Of each choice and build."""
FIRST_SEED = int(os.environ.get("HERO_SEED", "2026"))
IN_THE_LONG_RUN = pytest.mark.skipif(not LONG_RUN, reason="make soak lets each fail alone")
