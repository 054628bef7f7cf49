"""Phone numbers that WhatsApp may spell in another way."""

import pytest
from django.db import connection

from contacts.phones import whatsapp_line_sql, whatsapp_spellings


@pytest.mark.parametrize(
    ("phone", "other"),
    [
        ("+525512345678", "+5215512345678"),
        ("+541158749895", "+5491158749895"),
        ("+552187654321", "+5521987654321"),
    ],
)
def test_a_mobile_with_and_without_its_digit_is_one(phone: str, other: str) -> None:
    assert whatsapp_spellings(phone) == (phone, other)
    assert whatsapp_spellings(other) == (other, phone)


@pytest.mark.parametrize(
    "phone", ["+491701234567", "+552133334444", "+5521933334444", "+52551234567", "77"]
)
def test_others_have_one_spelling(phone: str) -> None:
    assert whatsapp_spellings(phone) == (phone,)


@pytest.mark.django_db
def test_the_database_knows_the_same_spellings() -> None:
    numbers = [
        f"+{begin}{middle}{'87654321'[:length]}"
        for begin in ("52", "521", "522", "54", "549", "5521", "55219", "56", "1")
        for middle in ("", "5", "6", "9", "11", "12", "96")
        for length in (7, 8)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT n, {whatsapp_line_sql('n')} FROM unnest(%s::text[]) AS t(n)",  # noqa: S608
            [numbers],
        )
        lines = dict(cursor.fetchall())
    for number in numbers:
        assert lines[number] == min(whatsapp_spellings(number), key=len)
