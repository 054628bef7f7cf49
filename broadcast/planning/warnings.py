"""Warnings of an estimate: what a sender should know beyond the figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from channels.models import Sender

MANY_SUPPRESSED = Decimal("0.2")
"""Share of suppressed recipients above which the list needs checking."""
LONG_SMS = 3
"""Average segments per message above which the text needs checking."""


@dataclass(frozen=True, slots=True)
class Warned:
    code: str
    detail: str


def warnings_of(
    *,
    sender: Sender,
    to_send: int,
    suppressed: Mapping[str, int],
    left: Decimal,
    cost: Decimal,
    segments: int,
    unpriced: int,
) -> list[Warned]:
    """`left` is the credit that would be available afterwards."""
    warnings: list[tuple[bool, str, str]] = [
        (left < 0, "insufficient_credit", f"{-left} {sender.currency} of credit is missing."),
        (to_send == 0, "nobody_to_send_to", "Every recipient is suppressed."),
        (
            sum(suppressed.values()) > MANY_SUPPRESSED * (to_send + sum(suppressed.values())),
            "many_suppressed",
            "More than a fifth of the recipients will not be written to.",
        ),
        (
            sender.daily_limit is not None and to_send > sender.daily_limit,
            "daily_limit",
            f"More than this sender's {sender.daily_limit} messages a day: it takes several.",
        ),
        (
            segments > LONG_SMS * to_send,
            "long_texts",
            "A message takes more than three segments on average.",
        ),
        (
            to_send > 0 and cost > 0 and left >= 0 and left < cost,
            "credit_runs_low",
            "What is left would not pay for the same again.",
        ),
        (
            unpriced > 0,
            "no_price",
            f"{unpriced} of {to_send} messages have no price: they would go out free of charge.",
        ),
        (
            not sender.is_active or sender.broken_at is not None,
            "sender_broken",
            "The provider refuses this sender's configuration.",
        ),
    ]
    return [Warned(code, detail) for holds, code, detail in warnings if holds]
