"""How many parts an SMS is sent, and billed, in.

GSM 03.38: 160 characters, or 153 in each of several parts; anything outside of its alphabet makes
the whole text UCS-2: 70, or 67 in each. An emoji is never cut in two.
"""

from functools import lru_cache

from smsutil import split


@lru_cache(maxsize=4096)
def segments_of(text: str) -> int:
    """At least 1, as an empty text would be charged."""
    return max(1, len(split(text).parts))
