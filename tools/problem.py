"""A problem that the person at the terminal can mend."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class Problem(Exception):
    """Says what is wrong and what mends it; printed without a traceback."""


@contextmanager
def about(path: Path) -> Generator[None]:
    """What the system refuses here becomes a problem that names the file, or else this path."""
    try:
        yield
    except OSError as error:
        raise Problem(f"{error.filename or path}: {error.strerror or error}") from error
