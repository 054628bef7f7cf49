"""Reads the raw body of a webhook call, with its own limit of size.

`request.body` has Django's limit for forms, and reads nothing from a chunked call, which declares
no length.
"""

import re

from django.http import HttpRequest

DIGITS = re.compile(r"[0-9]{1,18}")
"""`str.isdigit` takes more: for ² it is true, and `int` refuses it."""


class BodyTooLarge(Exception):
    """The body is longer than the limit, or declares a length that is no number."""


class UnreadableBody(Exception):
    """The connection ended before the body did, or its chunks are malformed."""


def read_body(request: HttpRequest, *, limit: int) -> bytes:
    """The whole body, which may be chunked. Raises BodyTooLarge, UnreadableBody."""
    if not _is_chunked(request):
        _check_length(request, limit)
    source = request.META["wsgi.input"] if _is_chunked(request) else request
    try:
        body: bytes = source.read(limit + 1)
    except Exception as error:
        raise UnreadableBody from error
    if len(body) > limit:
        raise BodyTooLarge
    return body


def _is_chunked(request: HttpRequest) -> bool:
    """Whether the body has no declared end. The server must mark it: else reading may not end."""
    coding = request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    return "chunked" in coding and bool(request.META.get("wsgi.input_terminated"))


def _check_length(request: HttpRequest, limit: int) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not DIGITS.fullmatch(length) or int(length) > limit:
        raise BodyTooLarge
