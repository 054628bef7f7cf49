"""Reads the size of a webhook call's body before the body itself."""

import re

from django.conf import settings
from django.http import HttpRequest

DIGITS = re.compile(r"[0-9]{1,18}")
"""`str.isdigit` takes more: for ² it is true, and `int` refuses it."""


def is_too_large(request: HttpRequest) -> bool:
    """Whether the call declares more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes, or no number."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not DIGITS.fullmatch(length):
        return True
    return int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
