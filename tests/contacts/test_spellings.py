"""Numbers that are written in two ways."""

import pytest
from django.db import connection

from contacts.spellings import line_sql, spellings_of


@pytest.mark.parametrize(
    ("phone", "other"),
    [
        ("+525512345678", "+5215512345678"),
        ("+541158749895", "+5491158749895"),
        ("+552187654321", "+5521987654321"),
        ("+22997123456", "+2290197123456"),
        ("+22521123456", "+2250121123456"),
        ("+22504123456", "+2250504123456"),
        ("+22518139912", "+2250718139912"),
    ],
)
def test_a_line_with_and_without_its_digits_is_one(phone: str, other: str) -> None:
    assert spellings_of(phone) == (phone, other)
    assert spellings_of(other) == (other, phone)


@pytest.mark.parametrize(
    "phone",
    ["+491701234567", "+552133334444", "+5521933334444", "+52551234567", "77", "+2250118139912"],
)
def test_others_have_one_spelling(phone: str) -> None:
    assert spellings_of(phone) == (phone,)


@pytest.mark.django_db
def test_the_database_knows_the_same_spellings() -> None:
    begins = (
        *("52", "521", "522", "54", "549", "5521", "55219", "56", "1"),
        *("229", "22901", "22902", "225", "22501", "22505", "22507", "22509"),
    )
    numbers = [
        f"+{begin}{middle}{'87654321'[:length]}"
        for begin in begins
        for middle in ("", "5", "6", "9", "11", "12", "96", "04", "37")
        for length in (6, 7, 8)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT n, {line_sql('n')} FROM unnest(%s::text[]) AS t(n)",  # noqa: S608
            [numbers],
        )
        lines = dict(cursor.fetchall())
    for number in numbers:
        assert lines[number] == min(spellings_of(number), key=len)
