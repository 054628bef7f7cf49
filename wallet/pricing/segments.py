"""Counts the segments of an SMS; a message is sent and paid for by segment.

GSM 7-bit (3GPP TS 23.038): 160 septets in a single segment, 153 in each of several. The characters
^ { } \\ [ ~ ] | € and form feed take two septets, which are never split. Any other character makes
the whole text UCS-2 (UTF-16): 70 units in a single segment, 67 in each of several; a surrogate pair
is never split. The database function `wallet_sms_segments(text)` counts the same way, for planning
in sets; a test compares the two.
"""

from smsutil import split, unicode_split

ESCAPE = "\x1b"
"""In the GSM alphabet it announces an extension character, so no text can contain it as itself."""


def segments_of(text: str) -> int:
    """The number of segments, at least 1."""
    parts = unicode_split(text) if ESCAPE in text else split(text)
    return max(1, len(parts.parts))


def is_gsm(text: str) -> bool:
    return (ESCAPE not in text and split(text).encoding == "gsm0338") or not text
