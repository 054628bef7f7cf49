"""Does a recipient's message opt out or back in, or might it mean to?

A message counts as a word if nothing else is left without punctuation, emoji, invisible characters,
courtesies and signatures: “Please STOP!” opts out. A clear word also counts if it is the whole
first line or sentence: “STOP. I have moved.” Everything else is a message. If such a message has a
word that opts out somewhere, it is a near miss: a person should read it, and no guess is applied.
A tenant may add its own words.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum

from contacts.opting.signatures import without_signature
from contacts.opting.vocabulary import (
    AFFIRMATIONS,
    AMBIGUOUS,
    CLEAR,
    COURTESY,
    MARKETING_OUT,
    OBJECTS,
    OPT_IN,
    OPT_OUT,
    PHRASES,
    STEMS,
    UNSPACED_AFTER,
    UNSPACED_BEFORE,
    plain,
)

LONGEST = 4096
"""Characters that are read of a message: the longest text of any platform."""
SHORT = 4
"""Words. An ambiguous word is a near miss in a message of so many words, or as its first word."""
COMMAND = re.compile(r"\s*/(\w+)@\w+")
"""Telegram's form of a command for one bot of several: “/stop@shop_bot”."""
SENTENCE = re.compile(r"[\n\r\u2028\u2029]|[.!。\uff01…]+(?=\s|$)")
SPACE = re.compile(r"[\s,;:/]+")
SHORT_CODE = re.compile(r"\d{5,6}")
INVISIBLE = "Cf"
"""The Unicode category of characters without a picture, for example a zero-width space."""


class Wish(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


def wish_of(text: str, *, also_out: Iterable[str] = (), also_in: Iterable[str] = ()) -> Wish | None:
    """The wish of a message that is a word; a tenant's own words (`also_…`) go first."""
    own_out, own_in = _own(also_out), _own(also_in)
    tokens, first_tokens = _tokens(text), _tokens(_first_sentence(text))
    meanings = (
        (tokens, own_out, Wish.OPT_OUT),
        (tokens, own_in, Wish.OPT_IN),
        (tokens, MARKETING_OUT | (CLEAR if _is_answer(tokens) else OPT_OUT), Wish.OPT_OUT),
        (_without_objects(tokens), CLEAR - own_in, Wish.OPT_OUT),
        (tokens, OPT_IN, Wish.OPT_IN),
        (first_tokens, own_out | (CLEAR - own_in), Wish.OPT_OUT),
    )
    return next((wish for part, words, wish in meanings if _is_word(part, words)), None)


def is_near_miss(text: str, *, also_out: Iterable[str] = (), also_in: Iterable[str] = ()) -> bool:
    """True if the message is no wish, but may ask for an end: “please stop texting me”.

    Never act on it: “we have got to stop this bill” is a near miss, too.
    """
    if wish_of(text, also_out=also_out, also_in=also_in) is not None:
        return False
    words = _tokens(text)
    clear = CLEAR | _own(also_out)
    if not clear.isdisjoint(words) or any(word.startswith(STEMS) for word in words):
        return True
    meant = [word for word in words if word not in COURTESY]
    if not AMBIGUOUS.isdisjoint(meant if len(words) <= SHORT else meant[:1]):
        return True
    folded = " ".join(_folded(text).replace("\u2019", "'").split())
    return any(phrase in folded for phrase in PHRASES)


def is_about_marketing(text: str) -> bool:
    """True for an opt-out from marketing only: the text of WhatsApp's own button."""
    return _readable(text) in MARKETING_OUT


def _own(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(plain, words)) - {""}


def _is_word(tokens: Sequence[str], words: frozenset[str]) -> bool:
    """True if the tokens are words of the set, alone, repeated or with courtesies around them."""
    if "".join(tokens) in words:
        return True
    meant = [token for token in tokens if token in words or token not in COURTESY]
    return bool(meant) and ("".join(meant) in words or all(token in words for token in meant))


def _is_answer(tokens: Sequence[str]) -> bool:
    """Whether the message answers a question: “Yes, cancel”."""
    return not AFFIRMATIONS.isdisjoint(tokens)


def _without_objects(tokens: Sequence[str]) -> list[str]:
    """The words without what the first one ends: “STOP SMS”, “STOP au 36180”."""
    meant = [token for token in tokens if token not in COURTESY]
    return meant[:1] + [t for t in meant[1:] if t not in OBJECTS and not SHORT_CODE.fullmatch(t)]


def _tokens(text: str) -> list[str]:
    """The message's words without signature; two words that are one by the list are joined."""
    tokens = [plain(part) for part in SPACE.split(_folded(text))]
    return [_without_courtesy(token) for token in tokens if token]


def _without_courtesy(token: str) -> str:
    for before in UNSPACED_BEFORE:
        if token != before:
            token = token.removeprefix(before)
    for after in UNSPACED_AFTER:
        if token != after:
            token = token.removesuffix(after)
    return token


def _first_sentence(text: str) -> str:
    """The first line or sentence that has words."""
    for sentence in SENTENCE.split(_folded(text)):
        if plain(sentence):
            return sentence
    return ""


def _readable(text: str) -> str:
    return plain(_folded(text))


def _folded(text: str) -> str:
    """The writer's own words without invisible characters, in one width and case."""
    visible = "".join(
        character
        for character in COMMAND.sub(r"/\1", text[:LONGEST], count=1)
        if unicodedata.category(character) != INVISIBLE
    )
    return unicodedata.normalize("NFKC", without_signature(visible)).casefold()
