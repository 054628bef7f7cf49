"""Refuses JSON that PostgreSQL cannot store before it reaches a view."""

import re
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from api.errors import InvalidInput

MAX_DEPTH = 32
"""Levels of nested lists and objects; the API itself uses at most 5."""

MAX_NUMBER = 2**53 - 1
"""JavaScript, and many JSON libraries, round larger numbers silently (RFC 8259, section 6)."""

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NumberTooLarge(InvalidInput):
    """A number that other JSON libraries would round."""

    code = "number_too_large"


class StrictJSONParser(JSONParser):
    """Refuses null characters, lone surrogates, NaN, excessive numbers, depth and length."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = _read(stream)
        try:
            data = super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        _check(data, ())
        return data


def _read(stream: IO[bytes]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return body


def _check(value: Any, path: tuple[str | int, ...]) -> None:
    """Checks a value at its path in the body. Raises ParseError, NumberTooLarge."""
    if len(path) > MAX_DEPTH:
        raise ParseError("The JSON is nested too deeply.")
    match value:
        case str():
            _check_text(value)
        case int() | float() if abs(value) > MAX_NUMBER:
            raise NumberTooLarge(
                f"A number lies between -{MAX_NUMBER} and {MAX_NUMBER}; send larger ones as text.",
                attr=".".join(map(str, path)) or None,
            )
        case dict():
            for key, item in value.items():
                _check_text(key)
                _check(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                _check(item, (*path, index))


def _check_text(text: str) -> None:
    if UNSTORABLE.search(text):
        raise ParseError("The JSON holds a null character or a lone surrogate.")
