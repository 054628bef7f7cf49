"""Phone numbers as they are stored (E.164), and the countries that they belong to."""

import re

import phonenumbers

from api.errors import InvalidInput
from channels.platforms import Platform

LONGEST = 16
"""Characters of E.164 with its plus sign. Some national plans, Germany's for one, allow more."""


class InvalidPhone(InvalidInput):
    """No number that could be called."""

    code = "invalid_phone"


OPTIONAL_DIGITS = (
    ("1", re.compile(r"(\+52)1?(\d{10})")),
    ("9", re.compile(r"(\+54)9?(\d{10})")),
    ("9", re.compile(r"(\+55\d\d)9?([6-9]\d{7})")),
)
"""A digit that may stand between the two parts of a mobile number, or not."""


def to_e164(text: str, *, default_country: str = "") -> str:
    """`0170 1234567` in DE is `+491701234567`; raises InvalidPhone."""
    try:
        number = phonenumbers.parse(text, default_country or None)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone("A number such as +491701234567.", attr="phone") from error
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or len(phone) > LONGEST:
        raise InvalidPhone("This phone number cannot exist.", attr="phone")
    return phone


def spellings_of(address: str, *, platform: str) -> tuple[str, ...]:
    """Whose address this is: a tenant may have written to it in another spelling."""
    return whatsapp_spellings(address) if platform == Platform.WHATSAPP else (address,)


def whatsapp_spellings(phone: str) -> tuple[str, ...]:
    """The number as it is told, then as WhatsApp or a tenant may know the same line too.

    WhatsApp keeps the number that an account was made with: with the 1 that Mexico's mobiles had,
    without the 9 that Brazil put before its old eight digits; and with Argentina's 9, which people
    leave out. Source: support.gupshup.io, "inconsistencies for mobile numbers and their WhatsApp
    IDs"; support.whapi.cloud (Argentina).
    """
    for digit, plan in OPTIONAL_DIGITS:
        if found := plan.fullmatch(phone):
            begin, end = found.groups()
            return tuple(dict.fromkeys((phone, begin + end, begin + digit + end)))
    return (phone,)


def whatsapp_line_in_sql(column: str) -> str:
    """The shorter of a column's `whatsapp_spellings`: the same for all of one line.

    Not by OPTIONAL_DIGITS, as a regular expression takes seven seconds for a million Brazilians.
    """
    return f"""
    CASE WHEN length({column}) <> 14 THEN {column}
         WHEN left({column}, 4) IN ('+521', '+549') THEN left({column}, 3) || right({column}, 10)
         WHEN left({column}, 3) = '+55' AND substr({column}, 6, 2) IN ('96', '97', '98', '99')
             THEN left({column}, 5) || right({column}, 8)
         ELSE {column} END
    """


def country_of(phone: str) -> str:
    """ISO 3166 code of an E.164 number's country; empty where it has none (satellites' is 001)."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    return region if region.isalpha() else ""
