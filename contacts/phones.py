"""Phone numbers in E.164, their countries, and the spellings that WhatsApp uses."""

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from channels.platforms import Platform
from contacts.common_phones import mobile, mobile_region
from contacts.phone_texts import InvalidPhone, SpreadsheetPhone, readable

LONGEST = 16
"""Characters of E.164 with its plus sign. Some national plans, such as Germany's, allow more."""


OPTIONAL_DIGITS = (
    ("1", re.compile(r"(\+52)1?(\d{10})")),
    ("9", re.compile(r"(\+54)9?(\d{10})")),
    ("9", re.compile(r"(\+55\d\d)9?([6-9]\d{7})")),
)
"""(optional digit, pattern of the two parts that it may stand between) of mobile numbers in Mexico,
Argentina and Brazil."""


MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
NOT_A_PERSON = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
    }
)
"""Kinds that no platform writes to. Fixed lines stay: WhatsApp and some SMS routes reach them."""


def to_e164(text: str, *, default_country: str = "", must_be_valid: bool = True) -> str:
    """Converts `0170 1234567` in DE to `+491701234567`. Raises InvalidPhone.

    A number must be valid for its country and kind. With `must_be_valid=False` it need only be
    possible: an opt-out also holds for numbers that plans of numbers do not know yet, or no longer.
    If a spreadsheet changed the number and another person may have the result, the error is
    SpreadsheetPhone.
    """
    if phone := mobile(text, country=default_country):
        return phone
    written = readable(text)
    number = _international(written) or _without_plus(written, default_country)
    if number is None:
        number = _parsed(written, default_country)
    if number is None:
        raise InvalidPhone("A number such as +491701234567.", attr="phone")
    phone = _possible(number)
    if must_be_valid:
        _refuse_unless_valid(number, phone)
    return phone


def _possible(number: PhoneNumber) -> str:
    """The number, or another spelling of its line if the first is no longer in use (Mexico's 1)."""
    phone = _e164(number)
    if phonenumbers.is_possible_number(number) and len(phone) <= LONGEST:
        return phone
    spellings = whatsapp_spellings(phone) if len(phone) <= LONGEST else ()
    for spelling in spellings:
        if phonenumbers.is_possible_number(phonenumbers.parse(spelling)):
            return spelling
    raise InvalidPhone("This phone number cannot exist.", attr="phone")


def _refuse_unless_valid(number: PhoneNumber, phone: str) -> None:
    if phonenumbers.number_type(number) in NOT_A_PERSON:
        raise InvalidPhone("Messages cannot reach numbers of this kind.", attr="phone")
    if not _is_valid(number) and not any(
        _is_valid(phonenumbers.parse(spelling)) for spelling in whatsapp_spellings(phone)
    ):
        raise InvalidPhone("This phone number does not exist in its country.", attr="phone")


def may_be_phone(digits: str, *, default_country: str) -> bool:
    """True if digits without a plus sign are a valid number, in the country or with a country."""
    readings = (_parsed(f"+{digits}"), _parsed(digits, default_country))
    return any(number is not None and _is_valid(number) for number in readings)


def _international(written: str) -> PhoneNumber | None:
    """A number with its plus sign, or with 00 for it."""
    if written.startswith("00"):
        number = _parsed(f"+{written[2:]}")
        return number if number is not None and _is_valid(number) else None
    return _parsed(written) if "+" in written[:2] else None


def _without_plus(written: str, country: str) -> PhoneNumber | None:
    """Chooses between the two readings of digits that begin with neither a plus sign nor a zero.

    `491701234567` is either a national number, or an international number that lost its plus sign.
    The first counts if it may be a mobile, or if the second is invalid; the second only within the
    default country. Otherwise a wrong person might get the message. Raises SpreadsheetPhone.
    """
    if written.startswith("0") or "+" in written:
        return None
    national = _valid(_parsed(written, country)) if country else None
    international = _valid(_parsed(f"+{written}"))
    if national is None and international is None:
        return None
    if international is None or (national is not None and _may_be_mobile(national)):
        return national
    if international.country_code == phonenumbers.country_code_for_region(country or "ZZ"):
        is_mobile = _may_be_mobile(international)
        if national is None or is_mobile or national == international:
            return international
    raise SpreadsheetPhone("its plus sign or its leading zero is lost.")


def _may_be_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in MOBILE


def _valid(number: PhoneNumber | None) -> PhoneNumber | None:
    return number if number is not None and _is_valid(number) else None


def _is_valid(number: PhoneNumber) -> bool:
    return bool(phonenumbers.is_valid_number(number))


def _parsed(text: str, country: str = "") -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None


def _e164(number: PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


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
    if region := mobile_region(phone):
        return region
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    return region if region.isalpha() else ""
