"""The last four digits of a phone number or chat id decide how the recipient behaves."""

from enum import StrEnum
from typing import Final


class Behaviour(StrEnum):
    DELIVERS = "delivers"
    FAILS_LATER = "fails_later"
    NEVER_READ = "never_read"
    REFUSED = "refused"
    BLOCKED = "blocked"
    BUSY_ONCE = "busy_once"
    RATE_LIMITED = "rate_limited"
    PAIR_LIMITED = "pair_limited"
    SLOW = "slow"
    NEVER_ANSWERS = "never_answers"
    ACCEPTS_THEN_5XX = "accepts_then_5xx"
    ACCEPTS_THEN_RESETS = "accepts_then_resets"
    RESETS = "resets"
    RECEIPTS_FIRST = "receipts_first"
    RECEIPTS_LATE = "receipts_late"
    RECEIPTS_TWICE = "receipts_twice"
    RECEIPTS_DISORDERED = "receipts_disordered"
    SILENT = "silent"
    HELD = "held"
    ALWAYS_READ = "always_read"


ENDINGS: Final = {
    "9001": Behaviour.FAILS_LATER,
    "9002": Behaviour.NEVER_READ,
    "9003": Behaviour.REFUSED,
    "9004": Behaviour.BLOCKED,
    "9005": Behaviour.BUSY_ONCE,
    "9006": Behaviour.RATE_LIMITED,
    "9007": Behaviour.PAIR_LIMITED,
    "9008": Behaviour.SLOW,
    "9009": Behaviour.NEVER_ANSWERS,
    "9010": Behaviour.ACCEPTS_THEN_5XX,
    "9011": Behaviour.ACCEPTS_THEN_RESETS,
    "9012": Behaviour.RESETS,
    "9013": Behaviour.RECEIPTS_FIRST,
    "9014": Behaviour.RECEIPTS_LATE,
    "9015": Behaviour.RECEIPTS_TWICE,
    "9016": Behaviour.RECEIPTS_DISORDERED,
    "9017": Behaviour.SILENT,
    "9018": Behaviour.HELD,
    "9019": Behaviour.ALWAYS_READ,
}


def behaviour_by_ending(recipient: str) -> Behaviour:
    return ENDINGS.get(recipient[-4:], Behaviour.DELIVERS)
