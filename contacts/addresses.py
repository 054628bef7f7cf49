"""Normalises addresses to the form in messages, so that suppressions match messages."""

import re

from api.errors import InvalidInput
from channels.platforms import Platform
from contacts.phone_texts import InvalidPhone
from contacts.phones import may_be_phone, to_e164

CHAT = re.compile(r"-?[1-9][0-9]{0,18}")


class AmbiguousAddress(InvalidInput):
    """Digits that may be a phone number or a chat id."""

    code = "ambiguous_address"


def normalise(text: str, *, platform: str, default_country: str) -> str:
    """E.164, or a chat id as text; `platform` "" means every platform. Raises InvalidInput.

    Without a platform, a whole number is a chat id unless it may be a phone number, too.
    """
    address = text.strip()
    if platform == Platform.TELEGRAM:
        if not CHAT.fullmatch(address):
            raise InvalidInput("A Telegram chat id: a whole number.", attr="address")
        return address
    if not platform and CHAT.fullmatch(address):
        if may_be_phone(address, default_country=default_country):
            raise AmbiguousAddress(
                "This may be a phone number or a Telegram chat id: write the number with a plus "
                "sign, or name the platform.",
                attr="address",
            )
        return address
    try:
        return to_e164(address, default_country=default_country, must_be_valid=False)
    except InvalidPhone as error:
        error.attr = "address"
        raise
