"""Computes the price of one message from rates, without reading the database.

Planning reads the tariff here and prices all recipients in SQL (broadcast/planning/eligibility.py);
tests compare the two.

Several rates may be valid and match a message. The first in this order gives the price: a rate for
its country, one for its calling code (the longest match), one for anywhere. Among equals, a rate of
the sender wins over one of the platform, then one for the category, then one for the message type
over one for any, then the one with the latest `valid_from`. If no rate matches, the sender's own
price for the category applies.
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
"""RCS: Google bills plain text up to this length as basic, any other message as single."""


class RateRow(Protocol):
    """A row of wallet/models/rate.py. An empty field (or no sender) matches any."""

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
    """The price of one segment, and the rate it comes from; None for the sender's own price."""

    unit: Decimal
    rate_id: UUID | None = None

    def of(self, segments: int) -> Decimal:
        return quantize(self.unit * segments)


@dataclass(frozen=True, slots=True)
class Tariff:
    """All prices of a sender for one category at one time, by (place, message type)."""

    countries: Mapping[tuple[str, str], Price]
    calling_codes: Mapping[tuple[str, str], Price]
    anywhere: Mapping[str, Price]

    def price(self, *, country: str, phone: str, message_type: str = "") -> Price:
        """The price for a recipient; `phone` is E.164, or empty if there is none."""
        price = self.countries.get((country, message_type))
        if price is not None:
            return price
        for end in range(len(phone), 1, -1):
            price = self.calling_codes.get((phone[1:end], message_type))
            if price is not None:
                return price
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
    """The sender's tariff; `own_price` is the sender's price where no rate matches."""
    matching = sorted(
        (
            rate
            for rate in rates
            if rate.platform == platform
            and rate.sender_id in {None, sender_id}
            and rate.category in {"", category}
            and rate.valid_from <= at
            and (rate.valid_to is None or at < rate.valid_to)
        ),
        key=_rank,
    )
    countries: dict[tuple[str, str], Price] = {}
    calling_codes: dict[tuple[str, str], Price] = {}
    anywhere: dict[str, Price] = {}
    # In rising rank, so that a better rate overwrites the others.
    for rate in matching:
        price = Price(rate.price, rate.id)
        for message_type in message_types(platform):
            if rate.message_type not in {"", message_type}:
                continue
            if rate.country:
                countries[rate.country, message_type] = price
            elif rate.calling_code:
                calling_codes[rate.calling_code, message_type] = price
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
