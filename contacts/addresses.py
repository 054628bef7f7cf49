"""Normalises addresses to the form in messages, so that suppressions match messages."""

import re

from api.errors import InvalidInput
from channels.platforms import Platform
from contacts.phones import to_e164

CHAT = re.compile(r"-?[1-9][0-9]{0,18}")


def normalise(text: str, *, platform: str, default_country: str) -> str:
    """E.164, or a chat id as text; `platform` "" means every platform. Raises InvalidInput."""
    address = text.strip()
    if platform == Platform.TELEGRAM:
        if not CHAT.fullmatch(address):
            raise InvalidInput("A Telegram chat id: a whole number.", attr="address")
        return address
    if not platform and CHAT.fullmatch(address):
        return address
    try:
        return to_e164(address, default_country=default_country)
    except InvalidInput as error:
        raise InvalidInput(error.detail, attr="address") from error
