"""Where does a URL in a text begin and end?

A URL runs to white space or to a mark that no URL has. Then the marks that belong to the sentence
are taken off its end: punctuation, emoji, and closing brackets that the URL did not open.
"""

import re
import unicodedata
from collections.abc import Iterator

MAX_LENGTH = 2000
"""Characters of the column. Longer URLs stay in the text as they are."""

SCHEME = re.compile(r"https?://(?=[^\W_]|\[)", re.IGNORECASE)
# Ends a URL wherever it stands: ASCII marks that URLs must escape, line and direction controls,
# quotation marks and brackets of all scripts, and full-width punctuation of Chinese and Japanese.
_NEVER = (
    r"\s<>\"{}\\^`\x00-\x1f\x7f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\u00ab\u00bb\u201a-\u201f\u2039\u203a\u2329\u232a\u2e28\u2e29"
    r"\u3001-\u3004\u3008-\u3020\u3030\u30fb\uff01\uff02\uff07-\uff09\uff0c\uff1a\uff1b"
    r"\uff1c\uff1e\uff1f\uff3b\uff3d\uff40\uff5b-\uff65\uff0e"
)
BODY = re.compile(rf"[^{_NEVER}]+")
ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]\w*);$", re.IGNORECASE)
"""An HTML entity at the end: `&gt;` closes what `&lt;` opened. `&amp;` inside a URL stays."""
HOST = re.compile(r"(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)")
GLUED = re.compile(r"(?<=[a-z])[^\x00-\x7f]+$", re.IGNORECASE)
"""Words of a script without spaces, written right after a domain in Latin letters."""
DASH = re.compile("[\u2013\u2014\u2015]")
"""No domain has one: “https://shop.example—our new shop”."""
VARIABLE = "{{"
LISTED = re.compile(r"[,;|](?=https?://)", re.IGNORECASE)
"""The mark between two URLs of a list without spaces."""

TRAILING = frozenset(".,;:!?'|")
EMPHASIS = frozenset("*_~")
"""Marks of bold, italic and struck text: at a URL's end if the same mark stands before it."""
APOSTROPHES = frozenset("'\u2018\u2019")
OPENING = {")": "(", "]": "["}


def spans(text: str) -> Iterator[tuple[int, int]]:
    """The start and end of each http(s) URL in a text, in order.

    A URL that a variable continues (`https://shop.example/{{code}}`) is not one of them: nobody
    knows its target before the recipient.
    """
    at = 0
    while scheme := SCHEME.search(text, at):
        start, end = scheme.start(), _run_end(text, scheme)
        at = max(end, scheme.end())
        if text.startswith(VARIABLE, end):
            continue
        end = _closed(text, start, scheme.end(), end)
        if scheme.end() < end <= start + MAX_LENGTH:
            yield start, end
            at = end


def _run_end(text: str, scheme: re.Match[str]) -> int:
    body = BODY.match(text, scheme.end())
    if body is None:
        return scheme.end()
    listed = LISTED.search(text, scheme.end(), body.end())
    is_between = listed and not set("?#") & set(text[scheme.end() : listed.start()])
    return listed.start() if listed and is_between else body.end()


def _closed(text: str, start: int, host: int, end: int) -> int:
    """The end without what belongs to the sentence around the URL."""
    before = text[start - 1] if start else ""
    end = _before_closing_mark(text, before, start, end)
    end = _host_in_one_script(text, host, end)
    emphasis = _emphasis_before(text, start)
    while end > host and (size := _mark_at_end(text, start, end, emphasis)):
        emphasis = emphasis.replace(text[end - 1], "", 1)
        end -= size
    return end


def _emphasis_before(text: str, start: int) -> str:
    """The marks that are open before the URL: right before it, or in its line: “*Look: https:…*”"""
    at = start
    while at and text[at - 1] in EMPHASIS:
        at -= 1
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return text[at:start] + "".join(mark for mark in EMPHASIS if _is_open(line, mark))


def _is_open(line: str, mark: str) -> bool:
    opened = len(re.findall(rf"(?<![\w/]){re.escape(mark)}(?=[^\s{mark}])", line))
    return opened > len(re.findall(rf"(?<=[^\s{mark}]){re.escape(mark)}(?!\w)", line))


def _before_closing_mark(text: str, before: str, start: int, end: int) -> int:
    """Where the bracket or quote that stands right before the URL is closed, else `end`."""
    if before in APOSTROPHES:
        for place in range(start, end):
            follower = text[place + 1 : place + 2]
            if text[place] in APOSTROPHES and not follower.isalnum():
                return place
    closing = {"(": ")", "[": "]"}.get(before)
    if closing is None:
        return end
    depth = 1
    for place in range(start, end):
        depth += (text[place] == before) - (text[place] == closing)
        if depth == 0:
            return place
    return end


def _host_in_one_script(text: str, host: int, end: int) -> int:
    """The end, moved before words that were glued to a Latin top-level domain."""
    match = HOST.match(text, host, end)
    if match is None or match.end() < end:
        return end
    label = match.group(1).rpartition(".")[2]
    if dash := DASH.search(text, match.start(1), match.end(1)):
        return dash.start()
    glued = GLUED.search(label) if "." in match.group(1) else None
    return end - len(glued.group()) if glued and _has_no_spaces(glued.group()) else end


def _has_no_spaces(word: str) -> bool:
    """True for scripts whose words follow Latin letters without a space, for example Chinese."""
    names = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
    return unicodedata.name(word[0], "").startswith(names)


def _mark_at_end(text: str, start: int, end: int, emphasis: str) -> int:
    """How many characters at the end are not a part of the URL; 0 if the URL is complete."""
    last = text[end - 1]
    if entity := ENTITY.search(text, max(start, end - 12), end):
        return len(entity.group())
    if last in OPENING:
        url = text[start:end]
        return int(url.count(last) > url.count(OPENING[last]))
    if last in EMPHASIS:
        return int(last in emphasis)
    return int(last in TRAILING or last in "([" or _is_foreign_mark(last))


def _is_foreign_mark(character: str) -> bool:
    """Punctuation, emoji and invisible characters beyond ASCII: “…”, “。”, “؟”, “।”."""
    if character.isascii():
        return False
    category = unicodedata.category(character)
    return category[0] in "PSZC" or category == "Me" or "\ufe00" <= character <= "\ufe0f"
