"""What one message costs: pure, from the rates that are given to it.

Of the rates that are valid at a time and fit a message, the first in this order gives the price:
its country's, its calling code's (the longest that fits), one for anywhere; among these the
sender's own before the platform's, its category's before one for all, its message type's before
one for all, the latest before an earlier one. Where none fits, the sender's price for the category.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from channels.platforms import Platform
from wallet.pricing.amounts import quantize

BASIC, SINGLE = "BASIC", "SINGLE"
BASIC_LENGTH = 160
"""RCS: text alone and no longer is a basic message, anything else a single one, as Google bills."""


class RateRow(Protocol):
    """A rate as wallet/models/rate.py keeps it. Empty (or no sender): any."""

    @property
    def id(self) -> UUID: ...

    @property
    def sender_id(self) -> UUID | None: ...

    @property
    def platform(self) -> str: ...

    @property
    def category(self) -> str: ...

    @property
    def country(self) -> str: ...

    @property
    def calling_code(self) -> str: ...

    @property
    def message_type(self) -> str: ...

    @property
    def price(self) -> Decimal: ...

    @property
    def valid_from(self) -> datetime: ...

    @property
    def valid_to(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Price:
    """Of one segment, and the rate that gave it; None where the sender's own price did."""

    unit: Decimal
    rate_id: UUID | None = None

    def of(self, segments: int) -> Decimal:
        return quantize(self.unit * segments)


@dataclass(frozen=True, slots=True)
class Tariff:
    """All prices of one sender for one category at one time, by (place, message type)."""

    countries: Mapping[tuple[str, str], Price]
    calling_codes: Mapping[tuple[str, str], Price]
    anywhere: Mapping[str, Price]

    def price(self, *, country: str, phone: str, message_type: str = "") -> Price:
        """`phone` in E.164, empty where there is none."""
        own = self.countries.get((country, message_type))
        if own is not None:
            return own
        for end in range(len(phone), 1, -1):
            found = self.calling_codes.get((phone[1:end], message_type))
            if found is not None:
                return found
        return self.anywhere[message_type]


def message_types(platform: str) -> Sequence[str]:
    return (BASIC, SINGLE) if platform == Platform.RCS else ("",)


def message_type_of(*, platform: str, text: str, is_rich: bool) -> str:
    if platform != Platform.RCS:
        return ""
    return SINGLE if is_rich or len(text) > BASIC_LENGTH else BASIC


def tariff(
    rates: Iterable[RateRow],
    *,
    sender_id: UUID,
    platform: str,
    category: str,
    own_price: Decimal,
    at: datetime,
) -> Tariff:
    """`own_price`: the sender's for the category, where no rate fits."""
    fitting = sorted(
        (
            each
            for each in rates
            if each.platform == platform
            and each.sender_id in {None, sender_id}
            and each.category in {"", category}
            and each.valid_from <= at
            and (each.valid_to is None or at < each.valid_to)
        ),
        key=_rank,
    )
    countries: dict[tuple[str, str], Price] = {}
    calling_codes: dict[tuple[str, str], Price] = {}
    anywhere: dict[str, Price] = {}
    for each in fitting:
        price = Price(each.price, each.id)
        # Ranked: the last that fits stays.
        for message_type in message_types(platform):
            if each.message_type not in {"", message_type}:
                continue
            if each.country:
                countries[each.country, message_type] = price
            elif each.calling_code:
                calling_codes[each.calling_code, message_type] = price
            else:
                anywhere[message_type] = price
    for message_type in message_types(platform):
        anywhere.setdefault(message_type, Price(own_price))
    return Tariff(countries, calling_codes, anywhere)


def _rank(rate: RateRow) -> tuple[bool, bool, bool, datetime, UUID]:
    return (
        rate.sender_id is not None,
        bool(rate.category),
        bool(rate.message_type),
        rate.valid_from,
        rate.id,
    )
