"""In which encoding is a file's text?

UTF-8 and files with a byte order mark are certain. Other files are certain if all plausible
encodings give the same text, or if one plausible encoding is usual in the country of the file's
numbers. Otherwise charset-normalizer may tell them apart by the letters of a language; if it does
not do so clearly, the user is asked. See docs/adr/0017.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

import charset_normalizer
import phonenumbers

from contacts.imports.refusals import EncodingUncertain, FileUnreadable

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 64 * 1024
"""Bytes of lines with letters beyond ASCII that decide."""
CLEARLY = 0.15
"""By how much charset-normalizer must find the language of one reading more coherent."""
SURE = 0.5
"""Coherence that charset-normalizer must find at least. On 26 short lists of names, its first guess
was wrong 15 times, because such lists hold too few letters of a language."""

_WEST = "äöüßéèêëàâçñáíóúìòùîïôûæøåœãõ"
LETTERS = {
    "windows-1252": _WEST,
    "iso-8859-15": _WEST,
    "windows-1250": "ąćęłńóśźżáčďéěíňřšťúůýžľĺŕäôőűöüßăâîşţđëç",
    "windows-1254": "ğışçöüâîûé",
    "windows-1257": "ąčęėįšųūžāēģīķļņõäöüåæøé",
    "macintosh": _WEST,
    "cp850": _WEST,
}
"""Letters beyond ASCII that texts in a Latin code page consist of."""
SCRIPTS = {
    "windows-1251": "CYRILLIC",
    "koi8-r": "CYRILLIC",
    "cp866": "CYRILLIC",
    "windows-1253": "GREEK",
    "windows-1255": "HEBREW",
    "windows-1256": "ARABIC",
    "windows-874": "THAI",
    "shift_jis": "CJK HIRAGANA KATAKANA HALFWIDTH FULLWIDTH",
    "gb18030": "CJK",
    "big5": "CJK",
    "euc-kr": "HANGUL",
}
CODECS = {
    "windows-874": "cp874",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "big5": "cp950",
    "macintosh": "mac_roman",
}
WIDE = frozenset(("shift_jis", "gb18030", "big5", "euc-kr"))
"""Encodings with several bytes for a letter; a few of them may look like UTF-8."""
CANDIDATES = (*LETTERS, *SCRIPTS)
"""Names as browsers and Excel know them."""
USUAL = {
    "windows-1250": "PL CZ SK HU RO SI HR BA RS ME AL",
    "windows-1251": "RU UA BY BG KZ KG MK MN TJ UZ",
    "windows-1252": "DE AT CH LI LU BE NL FR GB IE US CA AU NZ ES PT IT DK SE NO FI IS BR MX AR CO"
    " CL PE VE EC UY PY BO CR PA GT HN NI SV DO CU ZA SN CI MA DZ TN",
    "windows-1253": "GR CY",
    "windows-1254": "TR AZ",
    "windows-1255": "IL",
    "windows-1256": "SA AE EG JO LB SY IQ KW QA BH OM YE LY SD IR PK",
    "windows-1257": "LT LV EE",
    "windows-874": "TH",
    "shift_jis": "JP",
    "gb18030": "CN SG",
    "big5": "TW HK MO",
    "euc-kr": "KR",
}
USUAL_BY_COUNTRY = {
    country: encoding for encoding, countries in USUAL.items() for country in countries.split()
}
PHONE = re.compile(rb"\+([1-9]\d{2})\d{4,}")
INSIDE_WORDS = frozenset("'-.\u2019")
AROUND_WORDS = frozenset(
    "\u201e\u201c\u201d\u201a\u2018\u2019\u2013\u2014\u2026\u20ac\u00ab\u00bb\u00b0\u00a7\u00a3"
    "\u00aa\u00ba\u00bf\u00a1\u00a0\u2022\u00ae\u2122\u00a9\u20aa\u0e3f"
)
WORD = re.compile(r"[^\s,;|\t\"()/\d+@<>:]+")


NOT_OF_FILES = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7"))
"""Codecs of Python that no program saves files in; some of them make lone surrogates."""


def codec_of(name: str) -> str:
    """Python's codec for a name of an encoding; "" if there is none that reads text."""
    try:
        info = codecs.lookup(CODECS.get(name.strip().lower(), name.strip()))
    except (LookupError, ValueError):
        return ""
    is_text = getattr(info, "_is_text_encoding", True) and info.name not in NOT_OF_FILES
    return info.name if is_text else ""


def encoding_of(pieces: Iterable[bytes], *, country: str = "") -> str:
    """The encoding of a file that is read in pieces. Raises FileUnreadable, EncodingUncertain."""
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8, sample, first = True, _Sample(), b""
    for piece in pieces:
        if not first:
            first = piece
            if encoding := _marked(first):
                return encoding
        if is_utf8:
            try:
                utf8.decode(piece)
            except UnicodeDecodeError:
                is_utf8 = False
        sample.take(piece)
    if sample.has_nul:
        raise FileUnreadable("Save the file as CSV in UTF-8, as XLSX or as ODS.")
    if is_utf8 and _is_complete(utf8):
        return "utf-8"
    return _guessed(sample.lines(), country=country)


def _is_complete(decoder: codecs.IncrementalDecoder) -> bool:
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _marked(head: bytes) -> str:
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    # Without a mark, Latin letters in UTF-16 have a zero in every second byte.
    begin = head[:64]
    for encoding, zeros, others in (
        ("utf-16-le", begin[1::2], begin[::2]),
        ("utf-16-be", begin[::2], begin[1::2]),
    ):
        if zeros and not any(zeros) and all(others):
            return encoding
    return ""


class _Sample:
    """Lines with bytes beyond ASCII, from all over the file."""

    def __init__(self) -> None:
        self.has_nul = False
        self._lines: list[bytes] = []
        self._size = 0
        self._rest = b""

    def take(self, piece: bytes) -> None:
        self.has_nul = self.has_nul or b"\x00" in piece
        if piece.isascii() or self._size > SAMPLE:
            return
        *lines, self._rest = (self._rest + piece).splitlines()
        for line in lines:
            self._add(line)

    def lines(self) -> bytes:
        self._add(self._rest)
        self._rest = b""
        return b"\n".join(self._lines)

    def _add(self, line: bytes) -> None:
        if not line.isascii() and self._size <= SAMPLE:
            self._lines.append(line[:SAMPLE])
            self._size += len(line)


def _is_mixed(sample: bytes) -> bool:
    """Whether some lines with letters beyond ASCII are in UTF-8, and others are not."""
    return len({_is_utf8(line) for line in sample.splitlines()}) > 1


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guessed(sample: bytes, *, country: str) -> str:
    """An encoding of one byte per letter shows lines in UTF-8 as other letters: “JĂĽrgen”."""
    encoding = _likeliest(sample, country=country)
    if encoding not in WIDE and _is_mixed(sample):
        raise EncodingUncertain(("utf-8", encoding))
    return encoding


def _likeliest(sample: bytes, *, country: str) -> str:
    texts = {name: text for name in CANDIDATES if (text := _plausible(sample, name)) is not None}
    if len(set(texts.values())) == 1:
        return next(iter(texts))
    for origin in (country, *_countries(sample)):
        if encoding := _usual(origin, tuple(texts)):
            return encoding
    if encoding := _told_apart(sample, tuple(texts)):
        return encoding
    raise EncodingUncertain(tuple(texts))


def _usual(country: str, names: Sequence[str]) -> str:
    """The encoding that is usual in the country, else the only one with the same script."""
    usual = USUAL_BY_COUNTRY.get(country, "")
    if not usual or usual in names:
        return usual
    same_script = [name for name in names if SCRIPTS.get(name) == SCRIPTS.get(usual)]
    return same_script[0] if len(same_script) == 1 else ""


def _countries(sample: bytes) -> Sequence[str]:
    """The country of the file's international numbers, if all are of one calling code."""
    regions = set()
    for digits in {match.decode() for match in PHONE.findall(sample)}:
        codes = (int(digits[:length]) for length in (1, 2, 3))
        code = next((c for c in codes if c in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), 0)
        regions.add(phonenumbers.region_code_for_country_code(code))
    return tuple(regions) if len(regions) == 1 else ()


def _told_apart(sample: bytes, names: Sequence[str]) -> str:
    """The reading whose language is clearly the most coherent, by charset-normalizer."""
    codecs_by_name = {codec_of(name).replace("-", "_"): name for name in names}
    if not codecs_by_name:
        return ""
    matches = charset_normalizer.from_bytes(
        sample, cp_isolation=list(codecs_by_name), enable_fallback=False
    )
    found = sorted(matches, key=lambda match: match.coherence, reverse=True)
    if not found or found[0].coherence < SURE:
        return ""
    others = [match.coherence for match in found[1:] if str(match) != str(found[0])]
    is_clear = not others or found[0].coherence - max(others) >= CLEARLY
    return codecs_by_name.get(found[0].encoding, "") if is_clear else ""


def _plausible(sample: bytes, name: str) -> str | None:
    """The text in an encoding, if its words look like words of that encoding's languages."""
    try:
        text = sample.decode(codec_of(name))
    except UnicodeDecodeError:
        return None
    if any(unicodedata.category(c) in ("Cc", "Co", "Cn") and not c.isspace() for c in set(text)):
        return None
    words = {word for word in WORD.findall(text) if not word.isascii()}
    return text if all(_is_word(word, name) for word in words) else None


def _is_word(word: str, name: str) -> bool:
    core = word.strip("".join(AROUND_WORDS | INSIDE_WORDS) + ".!?*#&=%")
    letters = [character for character in core if character not in INSIDE_WORDS]
    if not letters:
        return True
    if any(not (c.isalpha() or unicodedata.category(c).startswith("M")) for c in letters):
        return not any(not c.isascii() for c in letters)
    if any(before.islower() and after.isupper() for before, after in pairwise(core)):
        return False
    foreign = [character for character in letters if not character.isascii()]
    if name in LETTERS:
        usual = LETTERS[name]
        return all(c.lower() in usual for c in foreign) and (
            2 * len(foreign) <= len(letters) + 2  # “Łódź” has one letter of ASCII
        )
    if unicodedata.category(letters[0]).startswith("M"):
        return False
    scripts = tuple(SCRIPTS[name].split())
    return all(unicodedata.name(c, "").startswith(scripts) for c in foreign) and (
        len(foreign) == len(letters)
    )
