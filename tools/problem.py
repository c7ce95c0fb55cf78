"""A problem that the person at the terminal can mend."""


class Problem(Exception):
    """Says what is wrong and what mends it; printed without a traceback."""
