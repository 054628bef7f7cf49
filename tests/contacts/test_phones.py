"""Numbers that WhatsApp may spell otherwise."""

import pytest

from contacts.phones import whatsapp_spellings


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
