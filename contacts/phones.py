"""Phone numbers in E.164, and their countries."""

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from contacts.common_phones import mobile, mobile_region
from contacts.phone_texts import InvalidPhone, SpreadsheetPhone, readable
from contacts.spellings import spellings_of

LONGEST = 16
"""Characters of E.164 with its plus sign. Some national plans, such as Germany's, allow more."""


E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def is_e164(text: str) -> bool:
    """Whether a text has the form of E.164 with its plus sign; the number may not exist."""
    return E164.fullmatch(text) is not None


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
    spellings = spellings_of(phone) if len(phone) <= LONGEST else ()
    for spelling in spellings:
        if phonenumbers.is_possible_number(phonenumbers.parse(spelling)):
            return spelling
    raise InvalidPhone("This phone number cannot exist.", attr="phone")


def _refuse_unless_valid(number: PhoneNumber, phone: str) -> None:
    if phonenumbers.number_type(number) in NOT_A_PERSON:
        raise InvalidPhone("Messages cannot reach numbers of this kind.", attr="phone")
    if not _is_valid(number) and not any(
        _is_valid(phonenumbers.parse(spelling)) for spelling in spellings_of(phone)
    ):
        raise InvalidPhone("This phone number does not exist in its country.", attr="phone")


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


def is_country(code: str) -> bool:
    """Whether an ISO 3166 code has a numbering plan."""
    return code in phonenumbers.SUPPORTED_REGIONS


def country_of(phone: str) -> str:
    """ISO 3166 code of an E.164 number's country; "" if it has none (001 of satellite phones)."""
    if region := mobile_region(phone):
        return region
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    return region if region.isalpha() else ""
