"""Normalises addresses to the form in messages, so that suppressions match messages."""

import re

from api.errors import InvalidInput
from channels.platforms import Platform
from contacts.phone_texts import InvalidPhone
from contacts.phones import to_e164
from contacts.user_ids import is_like_user_id, is_user_id

CHAT = re.compile(r"-?[1-9][0-9]{0,18}")
GROUP_CHAT = re.compile(r"-[1-9][0-9]{0,18}")
"""Only a group's chat id begins with a minus."""


class AmbiguousAddress(InvalidInput):
    """Digits that may be a phone number or a Telegram chat id."""

    code = "ambiguous_address"


def normalise(text: str, *, platform: str, default_country: str) -> str:
    """E.164, a chat id as text, or a WhatsApp user id; `platform` "" means every platform.

    Raises InvalidInput, and AmbiguousAddress for digits that do not say what they are.
    """
    address = text.strip()
    if platform == Platform.TELEGRAM:
        if not CHAT.fullmatch(address):
            raise InvalidInput("A Telegram chat id: a whole number.", attr="address")
        return address
    if platform in {"", Platform.WHATSAPP} and is_user_id(address):
        return address
    if is_like_user_id(address):
        raise InvalidInput(
            "WhatsApp user ids are for WhatsApp only and begin with capital letters, such as "
            "US.13491208655302741918.",
            attr="address",
        )
    if not platform and GROUP_CHAT.fullmatch(address):
        return address
    if not platform and CHAT.fullmatch(address):
        raise AmbiguousAddress(
            "A phone number or a Telegram chat id? Write the number with its plus sign, or name "
            "the platform.",
            attr="address",
        )
    try:
        return to_e164(address, default_country=default_country, must_be_valid=False)
    except InvalidPhone as error:
        error.attr = "address"
        raise
