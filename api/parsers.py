"""Refuses JSON that is too large, or that PostgreSQL cannot store, before it reaches a view."""

import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.utils import json

from api.errors import InvalidInput, RequestTooLarge

MAX_DEPTH = 32
"""Levels of nested lists and objects; the API itself uses at most 5."""

MAX_NUMBER = 2**53 - 1
"""JavaScript, and many JSON libraries, round larger numbers silently (RFC 8259, section 6)."""

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NumberTooLarge(InvalidInput):
    """A number that other JSON libraries would round."""

    code = "number_too_large"


class StrictJSONParser(BaseParser):
    """Refuses NUL, lone surrogates, NaN, keys given twice, and what is too large or deep.

    It is no JSONParser, because Django REST Framework reads the body for a JSONParser, with one
    limit for all views.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = _read(stream, parser_context or {})
        try:
            data = json.loads(
                body.decode(), parse_constant=json.strict_constant, object_pairs_hook=_object
            )
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        _check(data, ())
        return data


def _read(stream: IO[bytes], context: Mapping[str, Any]) -> bytes:
    """Reads at most what the view takes: a view may set `body_limits` by action or method.

    Raises RequestTooLarge.
    """
    view = context.get("view")
    name = getattr(view, "action", None) or context["request"].method.lower()
    limit = getattr(view, "body_limits", {}).get(name, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    body = stream.read(limit + 1)
    if len(body) > limit:
        hint = getattr(view, "too_large_hint", "Send it in several requests.")
        raise RequestTooLarge.beyond(limit, hint=hint)
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different: of two values, one would be lost."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("an object has the same key twice.")
    return value


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
