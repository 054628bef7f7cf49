"""Phone numbers as people and spreadsheets write them."""

import pytest

from contacts.phone_texts import InvalidPhone, SpreadsheetPhone
from contacts.phones import to_e164


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("0170 1234567", "DE", "+491701234567"),
        ("1701234567", "DE", "+491701234567"),
        ("030/1234567", "DE", "+49301234567"),
        ("+49 (0)170 1234569", "", "+491701234569"),
        ("(+49) 170 1234567", "", "+491701234567"),
        ("00491701234567", "", "+491701234567"),
        ("tel:+491701234567", "", "+491701234567"),
        ("202.555.0123", "US", "+12025550123"),
        ("9198765432", "IN", "+919198765432"),
        ("15123456789", "DE", "+4915123456789"),
        # a lost plus sign in the default country
        ("491701234567", "DE", "+491701234567"),
        ("919876543210", "IN", "+919876543210"),
        ("393331234567", "IT", "+393331234567"),
        ("5511987654321", "BR", "+5511987654321"),
        # marks, widths and groups
        ("'+491701234568", "", "+491701234568"),
        ('="+491701234568"', "", "+491701234568"),
        ("919876543210.0", "IN", "+919876543210"),
        ("4.91701234567E+11", "DE", "+491701234567"),
        ("491,701,234,567", "DE", "+491701234567"),
        ("491.701.234.567,00", "DE", "+491701234567"),
        ("491'701'234'567", "DE", "+491701234567"),
        ("49\u00a0170\u202f1234567", "DE", "+491701234567"),
        (
            "\uff0b\uff14\uff19\uff11\uff17\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
            "",
            "+491701234567",
        ),
        (
            "+\u0664\u0669\u0661\u0667\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667",
            "",
            "+491701234567",
        ),
        ("\u202a+49 170 1234567\u202c", "", "+491701234567"),
        ("+49\u2011170\u20131234567", "", "+491701234567"),
        # the spelling of Mexico's mobiles until 2019
        ("+5215512345678", "", "+525512345678"),
    ],
)
def test_the_number_is_read_right(text: str, country: str, phone: str) -> None:
    assert to_e164(text, default_country=country) == phone


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("4.91701E+11", "DE"),
        ("4,91701E+11", "DE"),
        ("+4.91701E+11", ""),
        ("4.91701e11", "DE"),
        ("919876543210.0", "DE"),
        ("919876543210", "DE"),
        ("491701234567", ""),
        ("79111234567", "GB"),
        ("#######", "DE"),
        ("#NAME?", "DE"),
        ("-1234688", "DE"),
        ("2026-07-01", "DE"),
        ("01.07.2026", "DE"),
    ],
)
def test_what_a_spreadsheet_changed_is_refused_by_name(text: str, country: str) -> None:
    with pytest.raises(SpreadsheetPhone, match="A spreadsheet changed this number") as refusal:
        to_e164(text, default_country=country)
    assert (refusal.value.code, refusal.value.attr) == ("phone_changed_by_spreadsheet", "phone")


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("1-800-FLOWERS", "US"),
        ("1-800-FLOWERS", "DE"),
        ("+49 30 123456 ext 5", ""),
        ("+49 170 1234567 / +49 171 1234567", ""),
        ("0170 1234567; 0171 1234567", "DE"),
        ("030 1234567/68", "DE"),
        ("+15550000001", ""),
        ("+447700900123", ""),
        ("0900 1234567", "DE"),
        ("110", "DE"),
        ("", "DE"),
        ("+" * 101, "DE"),
    ],
)
def test_what_is_no_valid_number_is_refused(text: str, country: str) -> None:
    with pytest.raises(InvalidPhone) as refusal:
        to_e164(text, default_country=country)
    assert refusal.value.code == "invalid_phone"


def test_an_opt_out_takes_a_number_that_is_merely_possible() -> None:
    assert to_e164("+447700900123", must_be_valid=False) == "+447700900123"
    with pytest.raises(InvalidPhone):
        to_e164("+4412", must_be_valid=False)
