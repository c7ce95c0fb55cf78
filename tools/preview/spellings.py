"""Every spelling of a secret that a report may contain: as it is, and inside JSON, URLs and base64."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A shorter secret is replaced where it is a whole word: as a part it occurs in too many other words.
SHORTEST_PART = 4
SHORTEST_WORD = 2
# A line of a key is a secret; the lines that begin and end it are the same in every key.
SHORTEST_LINE = 16
# A shorter piece of base64 occurs by chance.
SHORTEST_BASE64 = 6


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Match each of the secrets in every spelling, or return None without any."""
    found = {form for secret in secrets for form in _spellings(secret)}
    # The longest first, since one secret may be a part of another.
    known = [re.escape(each) for each in sorted(found, key=lambda each: (-len(each), each))]
    words = sorted(
        {each for each in secrets if SHORTEST_WORD <= len(each) < SHORTEST_PART}, key=lambda each: -len(each)
    )
    known += [rf"(?<!\w){re.escape(each)}(?!\w)" for each in words]
    return re.compile("|".join(known)) if known else None


def _spellings(secret: str) -> Iterator[str]:
    if len(secret) < SHORTEST_PART:
        return
    for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield form
        yield json.dumps(form)[1:-1]
        yield json.dumps(form, ensure_ascii=False)[1:-1]
    yield from _in_base64(secret)
    for line in secret.splitlines():
        if SHORTEST_LINE <= len(line) < len(secret) and not line.startswith("-----"):
            yield line


def _in_base64(secret: str) -> Iterator[str]:
    """Yield its base64, and what is the same in the base64 of any text around it, such as `user:password`."""
    content = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(content).decode()
        for before in range(3):
            encoded = encode(bytes(before) + content).decode()
            # Six bits are one character: the first and the last may also hold bits of the neighbours.
            piece = encoded[(before * 8 + 5) // 6 : (before + len(content)) * 8 // 6]
            if len(piece) >= SHORTEST_BASE64:
                yield piece
