"""Tells from a message's error code whether another try would be refused again."""

from broadcast.states import MessageCode

RECIPIENT_PREFIX = "recipient_"
RECIPIENT_CODES = frozenset(
    {MessageCode.OPTED_OUT.value, "country_not_enabled", "country_restricted"}
    | {"delivery_failed", "delivery_rejected"}
)
"""Codes without the prefix that still mean: this recipient cannot be reached.

Providers' error maps name all other such refusals `recipient_…`
(tests/broadcast/followup/test_retrying.py checks the maps).
"""


def is_about_the_recipient(code: str) -> bool:
    """Whether the provider would refuse another try to the same recipient again."""
    return code.startswith(RECIPIENT_PREFIX) or code in RECIPIENT_CODES
