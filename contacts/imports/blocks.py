"""Writes a block of parsed rows: matched in memory, written with a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from api.errors import DomainError, InvalidInput
from contacts.attributes import check_attributes
from contacts.imports.columns import KEYS, Values
from contacts.imports.parsing import Parsed
from contacts.imports.rows import Layout, Line
from contacts.imports.writing import write_contacts, write_tags
from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    SuppressionScope,
    SuppressionSource,
)
from contacts.opting.suppressions import suppress_all
from contacts.spellings import spellings_of
from contacts.tagging import tag_ids

NAMES_OF_KEYS = {"phone": "phone", "external_id": "external id", "whatsapp_user_id": "user id"}


class Clash(InvalidInput):
    """The row's keys belong to two contacts."""

    code = "clash"


@dataclass(slots=True)
class Block:
    """Rows that are imported together, in the caller's transaction."""

    job: ContactImport
    layout: Layout
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[ContactImportError] = field(default_factory=list)
    by_key: dict[tuple[str, str], Contact] = field(default_factory=dict)
    """Contacts by the name and value of a key; of a number, all spellings are one value."""
    touched: dict[UUID, Contact] = field(default_factory=dict)
    rekeyed: set[UUID] = field(default_factory=set)
    """Existing contacts whose phone or external id changes."""
    tags: list[tuple[UUID, str]] = field(default_factory=list)
    suppressed: set[str] = field(default_factory=set)

    def take(self, rows: Sequence[Parsed]) -> "Block":
        self._read_existing([row.values for row in rows if row.values is not None])
        for row in rows:
            try:
                self._take_row(row)
            except DomainError as error:
                self._refuse(row.line, error)
        ContactImportError.objects.bulk_create(self.errors)
        if not self.job.dry_run:
            self._write()
        return self

    def _take_row(self, row: Parsed) -> None:
        if row.values is None:
            raise row.refusal or InvalidInput("This row cannot be read.")
        contact = self._contact_of(row.values) or Contact(tenant_id=self.job.tenant_id)
        self._apply(row.values, contact)
        self._mark(row.values, contact)

    def _read_existing(self, rows: Sequence[Values]) -> None:
        wanted = Q(pk__in=())
        for name in KEYS:
            values = {row.fields[name] for row in rows if name in row.fields}
            if name == "phone":
                values = {spelling for phone in values for spelling in spellings_of(phone)}
            wanted |= Q(**{f"{name}__in": values}) if values else Q()
        contacts = Contact.objects.for_tenant(self.job.tenant).filter(wanted)
        if not self.job.dry_run:
            contacts = contacts.select_for_update().order_by("id")
        for contact in contacts:
            self.by_key |= dict.fromkeys(_keys(contact), contact)

    def _contact_of(self, row: Values) -> Contact | None:
        """The contact of the row: by external id, else by phone, else by user id. Raises Clash."""
        matches = [
            (name, contact)
            for name in KEYS
            if name in row.fields and (contact := self.by_key.get(_key(name, row.fields[name])))
        ]
        if not matches:
            return None
        _, first = matches[0]
        external_id = row.fields.get("external_id")
        for name, contact in matches:
            if contact is not first or (
                external_id and contact.external_id not in {None, external_id}
            ):
                raise Clash(f"Another contact has this {NAMES_OF_KEYS[name]}.", attr=name)
        return first

    def _apply(self, row: Values, contact: Contact) -> None:
        keys = _keys(contact)
        is_changed = _set_fields(row, contact)
        self._reindex(contact, keys)
        if not keys:
            self.created += 1
        elif is_changed:
            self.updated += 1
        else:
            self.unchanged += 1
            return
        self.touched[contact.pk] = contact

    def _mark(self, row: Values, contact: Contact) -> None:
        self.tags += [(contact.pk, name) for name in row.tags]
        if row.do_not_contact:
            self.suppressed |= set(contact.addresses)

    def _reindex(self, contact: Contact, before: Sequence[tuple[str, str]]) -> None:
        """Index the contact by its new keys; later rows may use a key that it gave up."""
        keys = _keys(contact)
        for key in set(before) - set(keys):
            del self.by_key[key]
        if before and keys != before:
            self.rekeyed.add(contact.pk)
        self.by_key |= dict.fromkeys(keys, contact)

    def _refuse(self, line: Line, error: DomainError) -> None:
        self.errors.append(
            ContactImportError(
                contact_import=self.job,
                line=line.number,
                field=(error.attr or "")[:200],
                reason=error.detail[:500],
                row=self.layout.named(line),
            )
        )

    def _write(self) -> None:
        # Emptied first: contacts may swap keys, and unique keys are checked row by row.
        Contact.objects.filter(pk__in=self.rekeyed).update(**dict.fromkeys(KEYS))
        write_contacts(list(self.touched.values()))
        ids = tag_ids(tenant=self.job.tenant, names=[name for _, name in self.tags])
        write_tags([(pk, ids[name]) for pk, name in self.tags])
        self._suppress()

    def _suppress(self) -> None:
        if not self.suppressed:
            return
        suppress_all(
            tenant_id=self.job.tenant_id,
            platform="",
            reported_at=dict.fromkeys(self.suppressed, timezone.now()),
            scope=SuppressionScope.ALL,
            source=SuppressionSource.IMPORT,
            reason="",
        )


def _keys(contact: Contact) -> list[tuple[str, str]]:
    """The keys by which rows find the contact; [] if it is new."""
    values = ((name, getattr(contact, name)) for name in KEYS)
    return [_key(name, value) for name, value in values if value]


def _key(name: str, value: str) -> tuple[str, str]:
    return name, min(spellings_of(value), key=len) if name == "phone" else value


def _set_fields(row: Values, contact: Contact) -> bool:
    """Set the row's values; true if one of them changed. A number keeps its stored spelling."""
    values = dict(row.fields)
    phone = contact.phone
    if phone and ("phone" not in values or values["phone"] in spellings_of(phone)):
        values.pop("phone", None)
        values.pop("country", None)
    if row.attributes:
        values["attributes"] = {**contact.attributes, **row.attributes}
        check_attributes(values["attributes"])
    is_changed = False
    for name, value in values.items():
        if getattr(contact, name) != value:
            is_changed = True
            setattr(contact, name, value)
    return is_changed
