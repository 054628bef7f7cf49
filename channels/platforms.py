"""The platforms that a broadcast can be sent over, and what their messages may hold."""

import re

from django.db import models


class Platform(models.TextChoices):
    """A messaging platform. WHATSAPP needs an approved template; the others take free text."""

    WHATSAPP = "WHATSAPP", "WhatsApp"
    TELEGRAM = "TELEGRAM", "Telegram"
    SMS = "SMS", "SMS"
    RCS = "RCS", "RCS"


class Category(models.TextChoices):
    """What a message is for; opt-outs from marketing do not stop the other two."""

    MARKETING = "MARKETING", "Marketing"
    UTILITY = "UTILITY", "Utility"
    AUTHENTICATION = "AUTHENTICATION", "Authentication"


# Characters of text that one message may hold. Telegram: core.telegram.org/bots/api#sendmessage;
# SMS: Twilio's Body (10 segments); RCS: contentMessage.text.
MAX_TEXT_LENGTH = {Platform.TELEGRAM: 4096, Platform.SMS: 1600, Platform.RCS: 3072}
# Of a text that is the caption of a medium. RCS: a card's description.
MAX_CAPTION_LENGTH = {Platform.TELEGRAM: 1024, Platform.SMS: 1600, Platform.RCS: 2000}
# Of the text on a button. RCS: a suggestion's; Telegram names no limit and cuts what does not fit.
MAX_BUTTON_TEXT = {Platform.TELEGRAM: 64, Platform.RCS: 25}

FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Control characters beside line breaks and tabs: providers refuse them or drop them silently."""
