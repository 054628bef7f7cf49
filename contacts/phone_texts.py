"""What did a person or a spreadsheet write into a cell or field for a phone number?

Spreadsheets take phone numbers for numbers: they drop plus signs and leading zeros, round, and add
decimals or thousands separators. Where the digits are still all there, the text is read; where they
may not be, it is refused by name.
"""

import re
import unicodedata

from api.errors import InvalidInput


class InvalidPhone(InvalidInput):
    """The text is no phone number that messages can reach."""

    code = "invalid_phone"


class SpreadsheetPhone(InvalidPhone):
    """A spreadsheet changed the number, and what it was before is not certain."""

    code = "phone_changed_by_spreadsheet"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"A spreadsheet changed this number: {why} Format the column as text, and write "
            "numbers with a plus sign, such as +491701234567.",
            attr="phone",
        )


SHORTEST = 7
"""Digits of a phone number, at least, for a text to be taken for two numbers."""
TEXT_MARK = re.compile(r"""^[='"`\u2018\u2019\u00b4]+|["'`\u2018\u2019\u00b4]+$""")
"""Marks that make a cell a text for a spreadsheet: `'+49…`, `="+49…"`. Exports write them, too."""
SCIENTIFIC = re.compile(r"\+?(\d+)(?:[.,](\d+))?e\+?(\d+)", re.IGNORECASE)
DECIMALS = re.compile(rf"(\+?[\d ]{{{SHORTEST},}})[.,]0*")
GROUPED = re.compile(r"(\+?\d{1,3}([.,' \u2019])\d{2,3}(?:\2\d{2,3})*\2\d{3})(?:[.,]0+)?")
"""Digits in groups as numbers are written, also in India's groups of two."""
BROKEN_CELL = re.compile(r"#+$|#[A-Z/0]+[!?]?$", re.IGNORECASE)
"""`#####` of a column that is too narrow, `#NAME?` and the like."""
_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
DATE = re.compile(
    rf"(?:19|20)\d\d-{_MONTH}-{_DAY}(?:[ T].*)?|{_DAY}[./]{_MONTH}[./](?:19|20)\d\d(?: .*)?"
)
NEGATIVE = re.compile(r"[-\u2212]\s*[\d.,]+")
_LONG = rf"(?:\d\D{{0,2}}){{{SHORTEST},}}"
TWO_NUMBERS = re.compile(rf"{_LONG}\s*[/;,|\n]\s*\+?\(?{_LONG}|\d{{5}}\s*/\s*\d{{1,3}}$")
"""Two numbers, or a number with the end of a second one: `030 1234567/68`."""
LONGEST_TEXT = 100
PREFIX = re.compile(r"^(?:tel|phone|mobile|whatsapp)\s*[.:]\s*", re.IGNORECASE)


def readable(text: str) -> str:
    """The number without marks of spreadsheets, in ASCII digits. Raises InvalidPhone.

    Other separators stay: they belong to how people write numbers.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidPhone("This is too long for a phone number.", attr="phone")
    number = PREFIX.sub("", _ascii(text), count=1)
    if BROKEN_CELL.fullmatch(number):
        raise SpreadsheetPhone("the cell shows an error instead of it.")
    number = TEXT_MARK.sub("", number).strip()
    if NEGATIVE.fullmatch(number):
        raise SpreadsheetPhone("it calculated with its dashes.")
    if DATE.fullmatch(number):
        raise SpreadsheetPhone("it took it for a date.")
    if scientific := SCIENTIFIC.fullmatch(number):
        return _all_digits(*scientific.groups(default=""))
    if grouped := GROUPED.fullmatch(number):
        return re.sub(r"[^\d+]", "", grouped.group(1))
    if decimals := DECIMALS.fullmatch(number):
        return decimals.group(1)
    _refuse_other_texts(number)
    return number


def _ascii(text: str) -> str:
    """In one width, with ASCII digits and plain blanks, and without invisible characters."""
    characters = []
    for character in unicodedata.normalize("NFKC", text):
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            characters.append(str(digit))
        elif character.isspace():
            characters.append("\n" if character in "\r\n" else " ")
        elif unicodedata.category(character) != "Cf":
            characters.append("-" if unicodedata.category(character) == "Pd" else character)
    return "".join(characters).strip()


def _all_digits(whole: str, fraction: str, exponent: str) -> str:
    """The digits of `4.91701234567E+11`. Refuses `4.91701E+11`: six of its digits are lost."""
    digits = whole + fraction
    if len(whole) != 1 or len(digits) != int(exponent) + 1:
        raise SpreadsheetPhone("it rounded it, so digits are lost.")
    return digits


def _refuse_other_texts(number: str) -> None:
    is_written = any(character.isdigit() for character in number)
    if is_written and any(character.isalpha() for character in number):
        raise InvalidPhone(
            "Digits instead of letters, without an extension: +491701234567.", attr="phone"
        )
    if TWO_NUMBERS.search(number) or number.count("+") > 1:
        raise InvalidPhone("One number, not several.", attr="phone")
