"""What a message's error code says about trying again."""

from broadcast.states import MessageCode

RECIPIENT_PREFIX = "recipient_"
RECIPIENT_CODES = frozenset(
    {MessageCode.OPTED_OUT.value, "country_not_enabled", "country_restricted"}
    | {"delivery_failed", "delivery_rejected"}
)
"""Error codes that say: this recipient cannot be reached. Another try would be refused again.

Providers' error maps name such refusals `recipient_…`; these are the exceptions
(tests/broadcast/followup/test_retrying.py looks through the maps).
"""


def is_about_the_recipient(code: str) -> bool:
    """Whether another try to the same recipient would be refused again."""
    return code.startswith(RECIPIENT_PREFIX) or code in RECIPIENT_CODES
