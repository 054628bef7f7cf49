"""The platforms that a broadcast can be sent over, and the limits of their messages."""

import re

from django.db import models


class Platform(models.TextChoices):
    """A messaging platform. WHATSAPP needs an approved template; the others take free text."""

    WHATSAPP = "WHATSAPP", "WhatsApp"
    TELEGRAM = "TELEGRAM", "Telegram"
    SMS = "SMS", "SMS"
    RCS = "RCS", "RCS"


class Category(models.TextChoices):
    """The purpose of a message; an opt-out from marketing does not stop the other two."""

    MARKETING = "MARKETING", "Marketing"
    UTILITY = "UTILITY", "Utility"
    AUTHENTICATION = "AUTHENTICATION", "Authentication"


# The most characters in a message's text. Telegram: core.telegram.org/bots/api#sendmessage;
# SMS: Twilio's Body (10 segments); RCS: contentMessage.text.
MAX_TEXT_LENGTH = {Platform.TELEGRAM: 4096, Platform.SMS: 1600, Platform.RCS: 3072}
# The most characters in a medium's caption. RCS: a card's description.
MAX_CAPTION_LENGTH = {Platform.TELEGRAM: 1024, Platform.SMS: 1600, Platform.RCS: 2000}
# The most characters on a button. RCS: a suggestion's text. Telegram names no limit but cuts texts.
MAX_BUTTON_TEXT = {Platform.TELEGRAM: 64, Platform.RCS: 25}

FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Control characters except line breaks and tabs: providers refuse or silently drop them."""
