"""Short links: replaces URLs in texts by `{PUBLIC_URL}/r/{code}/`, and decodes such codes.

A code is the message's 60-bit token and the link's position, in base 62, so that recipients cannot
guess each other's codes.
"""

from collections.abc import Iterable, Mapping

from django.conf import settings

from tracking.finding import spans

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = {character: value for value, character in enumerate(ALPHABET)}
TOKEN_BITS = 60
MAX_LINKS = 32
MAX_CODE_LENGTH = 12
CODE_LENGTH = 11
"""Codes are padded with zeros to this length. All recipients' texts are then equally long, so SMS
segments can be counted before tokens exist."""


def find_urls(texts: Iterable[str]) -> list[str]:
    """The http(s) URLs in texts, each once, in order of appearance."""
    urls = (text[start:end] for text in texts for start, end in spans(text))
    return list(dict.fromkeys(urls))


def wrap(text: str, *, positions: Mapping[str, int], token: int) -> str:
    """The text with every tracked URL replaced by the recipient's short link."""
    if not positions:
        return text
    pieces, at = [], 0
    for start, end in spans(text):
        position = positions.get(text[start:end])
        if position is not None:
            pieces += [text[at:start], short_link(token=token, position=position)]
            at = end
    return "".join((*pieces, text[at:]))


def short_link(*, token: int, position: int) -> str:
    return f"{settings.PUBLIC_URL}/r/{encode(token=token, position=position)}/"


def unsubscribe_link(*, token: int) -> str:
    """The recipient's own link to the page that unsubscribes them."""
    return f"{settings.PUBLIC_URL}/u/{encode(token=token, position=0)}/"


def encode(*, token: int, position: int) -> str:
    number, code = token * MAX_LINKS + position, ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        code = ALPHABET[digit] + code
    return code.rjust(CODE_LENGTH, ALPHABET[0])


def decode(code: str) -> tuple[int, int] | None:
    """(token, position) of a code; None if it is no valid code."""
    if not code or len(code) > MAX_CODE_LENGTH or not DIGITS.keys() >= set(code):
        return None
    number = 0
    for character in code:
        number = number * len(ALPHABET) + DIGITS[character]
    token, position = divmod(number, MAX_LINKS)
    return (token, position) if token < 1 << TOKEN_BITS else None
