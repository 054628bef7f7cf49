"""Phone numbers in E.164, and their countries."""

import re

import phonenumbers

from api.errors import InvalidInput

LONGEST = 16
"""Characters of E.164 with its plus sign. Some national plans, such as Germany's, allow more."""


E164 = re.compile(r"\+[1-9][0-9]{1,14}")


class InvalidPhone(InvalidInput):
    """The text is no phone number that can exist."""

    code = "invalid_phone"


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


def is_e164(text: str) -> bool:
    """Whether a text has the form of E.164 with its plus sign; the number may not exist."""
    return E164.fullmatch(text) is not None


def is_country(code: str) -> bool:
    """Whether an ISO 3166 code has a numbering plan."""
    return code in phonenumbers.SUPPORTED_REGIONS


def country_of(phone: str) -> str:
    """ISO 3166 code of an E.164 number's country; "" if it has none (001 of satellite phones)."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    return region if region.isalpha() else ""
