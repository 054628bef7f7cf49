"""How many parts an SMS is sent in, and paid for in.

GSM 7-bit (3GPP TS 23.038): 160 septets alone, 153 a part; ^ { } \\ [ ~ ] | € and form feed take
two and are not cut apart. Anything else makes the whole text UCS-2 (UTF-16): 70 units alone, 67 a
part; a surrogate pair is not cut apart. `wallet_sms_segments(text)` is the same in the database,
for planning in sets; a test holds the two together.
"""

from smsutil import split, unicode_split

ESCAPE = "\x1b"
"""In the alphabet, as what announces an extension character; no text can hold it as itself."""


def segments_of(text: str) -> int:
    """At least 1."""
    parts = unicode_split(text) if ESCAPE in text else split(text)
    return max(1, len(parts.parts))


def is_gsm(text: str) -> bool:
    return (ESCAPE not in text and split(text).encoding == "gsm0338") or not text
