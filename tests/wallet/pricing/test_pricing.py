"""The rate that gives a price, in Python alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from channels.platforms import Platform
from wallet.pricing.pricing import BASIC, SINGLE, Price, Tariff, message_type_of, tariff

AT = datetime(2027, 1, 1, tzinfo=UTC)
SENDER = uuid4()
OWN = Decimal("0.01")


@dataclass(frozen=True)
class Row:
    price: Decimal
    sender_id: UUID | None = None
    platform: str = "SMS"
    category: str = ""
    country: str = ""
    calling_code: str = ""
    message_type: str = ""
    valid_from: datetime = AT - timedelta(days=1)
    valid_to: datetime | None = None
    id: UUID = UUID(int=0)


def prices(*rows: Row, platform: str = "SMS") -> Tariff:
    return tariff(
        rows,
        sender_id=SENDER,
        platform=platform,
        category="MARKETING",
        own_price=OWN,
        at=AT,
    )


def unit(*rows: Row, country: str = "DE", phone: str = "+4917012345") -> Decimal:
    return prices(*rows).price(country=country, phone=phone).unit


def test_without_rates_the_senders_price_holds() -> None:
    assert prices().price(country="DE", phone="") == Price(OWN, None)


def test_country_before_calling_code_before_anywhere_before_the_senders_own() -> None:
    country = Row(Decimal(1), country="DE")
    code = Row(Decimal(2), calling_code="49")
    anywhere = Row(Decimal(3))
    assert unit(country, code, anywhere) == 1
    assert unit(code, anywhere) == 2
    assert unit(anywhere) == 3
    assert unit(country, code, country="FR", phone="+33123") == OWN


def test_the_longest_calling_code_that_fits_counts() -> None:
    rows = (Row(Decimal(1), calling_code="1"), Row(Decimal(2), calling_code="1242"))
    assert unit(*rows, country="", phone="+12425551234") == 2
    assert unit(*rows, country="US", phone="+12125551234") == 1
    assert unit(*rows, country="", phone="") == OWN


def test_the_senders_own_before_the_platforms_and_the_categorys_before_one_for_all() -> None:
    assert unit(Row(Decimal(1)), Row(Decimal(2), sender_id=SENDER)) == 2
    assert unit(Row(Decimal(2), category="MARKETING"), Row(Decimal(1))) == 2
    assert unit(Row(Decimal(1), category="UTILITY"), Row(Decimal(1), sender_id=uuid4())) == OWN


def test_a_rate_holds_from_its_first_moment_to_before_its_last() -> None:
    assert unit(Row(Decimal(1), valid_from=AT)) == 1
    assert unit(Row(Decimal(1), valid_from=AT + timedelta(microseconds=1))) == OWN
    assert unit(Row(Decimal(1), valid_to=AT)) == OWN
    assert unit(Row(Decimal(1), valid_to=AT + timedelta(microseconds=1))) == 1


def test_a_later_rate_replaces_an_earlier_one() -> None:
    new = Row(Decimal(2), valid_from=AT - timedelta(hours=1))
    assert unit(new, Row(Decimal(1))) == unit(Row(Decimal(1)), new) == 2


def test_rcs_is_priced_by_message_type() -> None:
    rows = (
        Row(Decimal(1), platform="RCS", message_type=BASIC),
        Row(Decimal(2), platform="RCS", message_type=SINGLE),
    )
    tariff_of_rcs = prices(*rows, platform="RCS")
    assert tariff_of_rcs.price(country="DE", phone="", message_type=BASIC).unit == 1
    assert tariff_of_rcs.price(country="DE", phone="", message_type=SINGLE).unit == 2


@pytest.mark.parametrize(
    ("text", "is_rich", "kind"),
    [("a" * 160, False, BASIC), ("a" * 161, False, SINGLE), ("a", True, SINGLE)],
)
def test_what_is_basic(text: str, is_rich: bool, kind: str) -> None:
    assert message_type_of(platform=Platform.RCS, text=text, is_rich=is_rich) == kind


def test_a_price_is_by_segment_and_rounded_once() -> None:
    assert Price(Decimal("0.0333335")).of(3) == Decimal("0.100001")
    assert Price(Decimal("0.05")).of(1) == Decimal("0.050000")
