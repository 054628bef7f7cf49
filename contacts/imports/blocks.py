"""Writes a block of parsed rows: matched in memory, written with a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from api.errors import DomainError, InvalidInput
from contacts.imports.columns import Values
from contacts.imports.parsing import Parsed
from contacts.imports.rows import Layout, Line
from contacts.imports.writing import write_contacts, write_tags
from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    Suppression,
    SuppressionSource,
)
from contacts.tagging import tag_ids


class Clash(InvalidInput):
    """The row's phone and external id belong to two contacts."""

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
    by_phone: dict[str, Contact] = field(default_factory=dict)
    by_id: dict[str, Contact] = field(default_factory=dict)
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
        phones = [row.fields["phone"] for row in rows if "phone" in row.fields]
        ids = [row.fields["external_id"] for row in rows if "external_id" in row.fields]
        contacts = Contact.objects.for_tenant(self.job.tenant).filter(
            Q(phone__in=phones) | Q(external_id__in=ids)
        )
        if not self.job.dry_run:
            contacts = contacts.select_for_update().order_by("id")
        for contact in contacts:
            self._index(contact)

    def _index(self, contact: Contact) -> None:
        if contact.phone:
            self.by_phone[contact.phone] = contact
        if contact.external_id:
            self.by_id[contact.external_id] = contact

    def _contact_of(self, row: Values) -> Contact | None:
        """The contact of the row: by external id first, then by phone. Raises Clash."""
        external_id = row.fields.get("external_id")
        by_id = self.by_id.get(external_id) if external_id else None
        by_phone = self.by_phone.get(row.fields.get("phone", ""))
        if by_phone is None or by_phone is by_id:
            return by_id
        if by_id is not None or (external_id and by_phone.external_id):
            raise Clash("Another contact has this phone.", attr="phone")
        return by_phone

    def _apply(self, row: Values, contact: Contact) -> None:
        keys = (contact.phone, contact.external_id)
        is_changed = _set_fields(row, contact)
        self._reindex(contact, keys)
        if keys == (None, None):
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
            self.suppressed |= set(_addresses(contact))

    def _reindex(self, contact: Contact, before: tuple[str | None, str | None]) -> None:
        """Index the contact by its new keys; later rows may use a key that it gave up."""
        phone, external_id = before
        if phone and phone != contact.phone:
            del self.by_phone[phone]
        if external_id and external_id != contact.external_id:
            del self.by_id[external_id]
        if before not in {(None, None), (contact.phone, contact.external_id)}:
            self.rekeyed.add(contact.pk)
        self._index(contact)

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
        Contact.objects.filter(pk__in=self.rekeyed).update(phone=None, external_id=None)
        write_contacts(list(self.touched.values()))
        ids = tag_ids(tenant=self.job.tenant, names=[name for _, name in self.tags])
        write_tags([(pk, ids[name]) for pk, name in self.tags])
        Suppression.objects.bulk_create(
            [
                Suppression(
                    tenant=self.job.tenant, address=address, source=SuppressionSource.IMPORT
                )
                for address in sorted(self.suppressed)
            ],
            ignore_conflicts=True,
        )


def _set_fields(row: Values, contact: Contact) -> bool:
    """Set the row's values; true if one of them changed."""
    values = dict(row.fields)
    if row.attributes:
        values["attributes"] = {**contact.attributes, **row.attributes}
    is_changed = False
    for name, value in values.items():
        if getattr(contact, name) != value:
            is_changed = True
            setattr(contact, name, value)
    return is_changed


def _addresses(contact: Contact) -> list[str]:
    chat_id: Any = contact.telegram_chat_id
    addresses = (contact.phone, None if chat_id is None else str(chat_id))
    return [address for address in addresses if address]
