"""Addresses as messages carry them, so that a suppression meets the message that it is to stop."""

import re

from api.errors import InvalidInput
from channels.platforms import Platform
from contacts.phones import to_e164

CHAT = re.compile(r"-?[1-9][0-9]{0,18}")


def normalised(text: str, *, platform: str, default_country: str) -> str:
    """E.164, or a chat id as text; `platform` "" stands for all. Raises InvalidInput."""
    given = text.strip()
    if platform == Platform.TELEGRAM:
        if not CHAT.fullmatch(given):
            raise InvalidInput("A Telegram chat id: a whole number.", attr="address")
        return given
    if not platform and CHAT.fullmatch(given):
        return given
    try:
        return to_e164(given, default_country=default_country)
    except InvalidInput as error:
        raise InvalidInput(error.detail, attr="address") from error
