"""Phone numbers in E.164, their countries, and the spellings that WhatsApp uses."""

import re

import phonenumbers

from api.errors import InvalidInput
from channels.platforms import Platform

LONGEST = 16
"""Characters of E.164 with its plus sign. Some national plans, such as Germany's, allow more."""


class InvalidPhone(InvalidInput):
    """The text is no phone number that can exist."""

    code = "invalid_phone"


OPTIONAL_DIGITS = (
    ("1", re.compile(r"(\+52)1?(\d{10})")),
    ("9", re.compile(r"(\+54)9?(\d{10})")),
    ("9", re.compile(r"(\+55\d\d)9?([6-9]\d{7})")),
)
"""(optional digit, pattern of the two parts that it may stand between) of mobile numbers in Mexico,
Argentina and Brazil."""


def to_e164(text: str, *, default_country: str = "") -> str:
    """Converts `0170 1234567` in DE to `+491701234567`. Raises InvalidPhone."""
    try:
        number = phonenumbers.parse(text, default_country or None)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone("A number such as +491701234567.", attr="phone") from error
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or len(phone) > LONGEST:
        raise InvalidPhone("This phone number cannot exist.", attr="phone")
    return phone


def spellings_of(address: str, *, platform: str) -> tuple[str, ...]:
    """All spellings of an address: a tenant may have stored another one than the provider sends."""
    return whatsapp_spellings(address) if platform == Platform.WHATSAPP else (address,)


def whatsapp_spellings(phone: str) -> tuple[str, ...]:
    """The number itself, then other spellings of the same line that WhatsApp or a tenant may use.

    WhatsApp keeps the number that an account was created with: with the former 1 of Mexican
    mobiles, without the 9 that Brazil added to eight digits, and with Argentina's 9, which people
    leave out. Source: support.gupshup.io, "inconsistencies for mobile numbers and their WhatsApp
    IDs"; support.whapi.cloud (Argentina).
    """
    for digit, plan in OPTIONAL_DIGITS:
        if match := plan.fullmatch(phone):
            begin, end = match.groups()
            return tuple(dict.fromkeys((phone, begin + end, begin + digit + end)))
    return (phone,)


def whatsapp_line_sql(column: str) -> str:
    """SQL for the shortest of a column's `whatsapp_spellings`, which is the same for one line.

    It does not use OPTIONAL_DIGITS: regular expressions take 7 s for a million Brazilian numbers.
    """
    return f"""
    CASE WHEN length({column}) <> 14 THEN {column}
         WHEN left({column}, 4) IN ('+521', '+549') THEN left({column}, 3) || right({column}, 10)
         WHEN left({column}, 3) = '+55' AND substr({column}, 6, 2) IN ('96', '97', '98', '99')
             THEN left({column}, 5) || right({column}, 8)
         ELSE {column} END
    """


def country_of(phone: str) -> str:
    """ISO 3166 code of an E.164 number's country; "" if it has none (001 of satellite phones)."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    return region if region.isalpha() else ""
