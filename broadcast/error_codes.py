"""Tells from a message's error code what the failure is about."""

from broadcast.states import MessageCode

RECIPIENT_PREFIX = "recipient_"
RECIPIENT_CODES = frozenset(
    {MessageCode.OPTED_OUT.value, "country_not_enabled", "country_restricted"}
    | {"delivery_failed", "delivery_rejected", "route_refused"}
)
"""Codes without the prefix that still mean: this sender cannot reach this recipient.

Providers' error maps name all other such refusals `recipient_…`
(tests/broadcast/followup/test_retrying.py checks the maps).
"""


CAP_CODE = "recipient_cooldown"
"""The platform limits marketing to this person; a retry a day later may reach them."""
CAPPED_CODES = frozenset({CAP_CODE, "recipient_experiment"})
"""The codes whose cause is CAPPED. They are no failures of the broadcast: they do not count towards
an automatic pause (tests/broadcast/followup/test_retrying.py checks the maps)."""


def is_about_the_recipient(code: str) -> bool:
    """Whether the provider would refuse another try to the same recipient again."""
    return code.startswith(RECIPIENT_PREFIX) or code in RECIPIENT_CODES
