"""Exports of address books, recognised by their headings: Google Contacts and Outlook.

They have dozens of columns. Only those that a contact has a field for are read, and several columns
may hold a phone number: the best one counts, a mobile first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SEPARATOR = ":::"
"""Google's mark between several values in one cell."""
GOOGLES_PHONES = tuple(f"Phone {number}" for number in range(1, 10))
MOBILE_LABELS = frozenset(
    (
        *("mobile", "mobil", "handy", "cell", "portable", "móvil", "movil", "celular"),
        *(
            "cellulare",
            "mobiel",
            "mobiltelefon",
            "komórka",
            "мобильный",
            "携帯",
            "手机",
            "whatsapp",
        ),
    )
)
GOOGLES_OWN_GROUPS = frozenset(("mycontacts", "starred", "other contacts"))


@dataclass(frozen=True, slots=True)
class KnownExport:
    """Which columns hold which field, the best one first."""

    name: str
    marks: frozenset[str]
    """Headings that a file of this kind has, all of them."""
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tags: Sequence[str] = ()
    tag_separator: str = ";"


def _outlook(
    name: str, *, first: str, last: str, phones: Sequence[str], emails: Sequence[str], tags: str
) -> KnownExport:
    columns = {"first_name": (first,), "last_name": (last,), "phone": phones, "email": emails}
    return KnownExport(name, frozenset({first, last, phones[0]}), columns, (tags,))


_GOOGLE_COLUMNS = {
    "phone": tuple(f"{phone} - Value" for phone in GOOGLES_PHONES),
    "email": tuple(f"E-mail {number} - Value" for number in range(1, 6)),
}
KNOWN: tuple[KnownExport, ...] = (
    KnownExport(
        "Google Contacts",
        frozenset({"First Name", "Last Name", "Phone 1 - Value"}),
        {**_GOOGLE_COLUMNS, "first_name": ("First Name",), "last_name": ("Last Name",)},
        ("Labels",),
        SEPARATOR,
    ),
    KnownExport(
        "Google Contacts until 2023",
        frozenset({"Given Name", "Family Name", "Phone 1 - Value"}),
        {**_GOOGLE_COLUMNS, "first_name": ("Given Name", "Name"), "last_name": ("Family Name",)},
        ("Group Membership",),
        SEPARATOR,
    ),
    _outlook(
        "Outlook",
        first="First Name",
        last="Last Name",
        phones=(
            *("Mobile Phone", "Primary Phone", "Home Phone", "Home Phone 2", "Business Phone"),
            *("Business Phone 2", "Company Main Phone", "Car Phone", "Other Phone"),
        ),
        emails=("E-mail Address", "E-mail 2 Address", "E-mail 3 Address", "Email Address"),
        tags="Categories",
    ),
    _outlook(
        "Outlook in German",
        first="Vorname",
        last="Nachname",
        phones=(
            *("Mobiltelefon", "Mobiltelefon 2", "Haupttelefon", "Telefon (privat)"),
            *("Telefon privat", "Telefon (privat 2)", "Telefon privat 2", "Telefon geschäftlich"),
            *("Telefon (geschäftlich)", "Telefon geschäftlich 2", "Telefon Firma", "Autotelefon"),
            "Weiteres Telefon",
        ),
        emails=("E-Mail-Adresse", "E-Mail 2: Adresse", "E-Mail 3: Adresse", "E-Mail"),
        tags="Kategorien",
    ),
    _outlook(
        "Outlook in French",
        first="Prénom",
        last="Nom",
        phones=(
            *("Tél. mobile", "Téléphone mobile", "Téléphone principal", "Téléphone (domicile)"),
            *("Téléphone 2 (domicile)", "Téléphone (bureau)", "Téléphone 2 (bureau)"),
            *("Téléphone société", "Téléphone (voiture)", "Téléphone (autre)"),
        ),
        emails=("Adresse de messagerie", "Adresse e-mail", "Adresse de courrier"),
        tags="Catégories",
    ),
)


def known_export(columns: Sequence[str]) -> KnownExport | None:
    """The kind of address book that exported a file with these columns; None for other files."""
    names = set(columns)
    return next((kind for kind in KNOWN if kind.marks <= names), None)


def is_heading(name: str) -> bool:
    """True for a heading of one of the known exports."""
    return name in _HEADINGS


def values_of(kind: KnownExport, cells: Mapping[str, str]) -> dict[str, list[str]]:
    """The values of a line by field, the best one first; tags are all of them."""
    values = {
        name: [
            value
            for column in _ordered(name, columns, cells)
            for value in _several(cells.get(column, ""))
        ]
        for name, columns in kind.columns.items()
    }
    tags = (tag for column in kind.tags for tag in cells.get(column, "").split(kind.tag_separator))
    values["tags"] = [
        tag
        for tag in (tag.strip().removeprefix("*").strip() for tag in tags)
        if tag and tag.casefold() not in GOOGLES_OWN_GROUPS
    ]
    return values


def _ordered(name: str, columns: Sequence[str], cells: Mapping[str, str]) -> Sequence[str]:
    """The columns with those first that Google labels as a mobile."""
    if name != "phone" or not columns[0].endswith(" - Value"):
        return columns
    return sorted(columns, key=lambda column: not _is_mobile(column, cells))


def _is_mobile(column: str, cells: Mapping[str, str]) -> bool:
    begin = column.removesuffix("Value")
    label = cells.get(f"{begin}Label", "") or cells.get(f"{begin}Type", "")
    return label.strip("* ").casefold() in MOBILE_LABELS


def _several(cell: str) -> list[str]:
    return [value.strip() for value in cell.split(SEPARATOR) if value.strip()]


_HEADINGS = frozenset(
    column for kind in KNOWN for columns in kind.columns.values() for column in columns
) | {tag for kind in KNOWN for tag in kind.tags}
