"""Imports a CSV file of contacts in blocks; a restart continues after the last block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from api.errors import DomainError, InvalidInput
from contacts.attributes import check_attributes
from contacts.imports.csv_reading import Line, Sheet, read
from contacts.imports.rows import Row, parse, targets_of
from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    ContactTag,
    ImportStatus,
    Suppression,
    SuppressionSource,
)
from contacts.phones import country_of
from contacts.tagging import tag_ids

BLOCK = 1000
"""Rows per transaction: about ten statements, and little to repeat after a crash."""
ATTEMPTS = 3
"""Tries of a block: a retry finds a contact that another request created meanwhile."""
OVER = (ImportStatus.DONE, ImportStatus.FAILED)
WRITTEN = (
    "external_id",
    "phone",
    "country",
    "first_name",
    "last_name",
    "email",
    "telegram_chat_id",
    "time_zone",
    "attributes",
)


def run_import(*, import_id: UUID, clock: Callable[[], datetime]) -> None:
    """Import the whole file. Safe twice, also at once: a block commits with its last line's number.

    A dry run is one block, so that it sees rows with the same keys. It writes no contact.
    """
    job = ContactImport.objects.select_related("tenant").get(pk=import_id)
    if job.status in OVER:
        return
    try:
        sheet = read(bytes(job.content or b""))
        targets = targets_of(sheet.columns, job.mapping)
    except DomainError as error:
        _fail(import_id, error.detail, now=clock())
        return
    try:
        while _take_block(import_id, sheet, targets, clock=clock):
            pass
    except Exception:
        _fail(
            import_id,
            "An error occurred on our side. Rows that were imported before it stay.",
            now=clock(),
        )
        raise


def _fail(import_id: UUID, reason: str, *, now: datetime) -> None:
    ContactImport.objects.filter(pk=import_id).exclude(status__in=OVER).update(
        status=ImportStatus.FAILED, failure=reason[:500], finished_at=now, content=None
    )


def _take_block(
    import_id: UUID, sheet: Sheet, targets: dict[str, str], *, clock: Callable[[], datetime]
) -> bool:
    """Import the next block; true if lines are left."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _next_block(import_id, sheet, targets, clock=clock)
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _next_block(
    import_id: UUID, sheet: Sheet, targets: dict[str, str], *, clock: Callable[[], datetime]
) -> bool:
    jobs = ContactImport.objects.defer("content").select_related("tenant")
    job = jobs.select_for_update(of=("self",)).get(pk=import_id)
    if job.status in OVER:
        return False
    job.started_at = job.started_at or clock()
    size = len(sheet.lines) if job.dry_run else BLOCK
    lines = sheet.lines[job.line : job.line + size]
    _count(job, Block(job).take(lines, targets))
    job.line += len(lines)
    job.rows = len(sheet.lines)
    is_done = job.line >= len(sheet.lines)
    job.status = ImportStatus.DONE if is_done else ImportStatus.RUNNING
    job.finished_at = clock() if is_done else None
    job.save(
        update_fields=(
            *("line", "rows", "started_at", "status", "finished_at"),
            *("created", "updated", "unchanged", "failed"),
        )
    )
    if is_done:
        ContactImport.objects.filter(pk=job.pk).update(content=None)
    return not is_done


def _count(job: ContactImport, block: "Block") -> None:
    job.created += block.created
    job.updated += block.updated
    job.unchanged += block.unchanged
    job.failed += len(block.errors)


class Clash(InvalidInput):
    """The row's phone and external id belong to two contacts."""

    code = "clash"


@dataclass(slots=True)
class Block:
    """Rows that are imported together: matched in memory, written in bulk."""

    job: ContactImport
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

    def take(self, lines: Sequence[Line], targets: dict[str, str]) -> "Block":
        rows = self._parsed(lines, targets)
        self._read_existing(rows)
        for row in rows:
            try:
                contact = self._contact_of(row) or Contact(tenant=self.job.tenant)
                self._apply(row, contact)
                self._mark(row, contact)
            except DomainError as error:
                self._refuse(row.line, error)
        ContactImportError.objects.bulk_create(self.errors)
        if not self.job.dry_run:
            self._write()
        return self

    def _parsed(self, lines: Sequence[Line], targets: dict[str, str]) -> list[Row]:
        rows: list[Row] = []
        country = self.job.default_country or self.job.tenant.default_country
        for line in lines:
            try:
                rows.append(
                    parse(line, targets=targets, tags=self.job.tags, default_country=country)
                )
            except DomainError as error:
                self._refuse(line, error)
        return rows

    def _read_existing(self, rows: Sequence[Row]) -> None:
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

    def _contact_of(self, row: Row) -> Contact | None:
        """The contact of the row: by external id first, then by phone. Raises Clash."""
        external_id = row.fields.get("external_id")
        by_id = self.by_id.get(external_id) if external_id else None
        by_phone = self.by_phone.get(row.fields.get("phone", ""))
        if by_phone is None or by_phone is by_id:
            return by_id
        if by_id is not None or (external_id and by_phone.external_id):
            raise Clash("Another contact has this phone.", attr="phone")
        return by_phone

    def _apply(self, row: Row, contact: Contact) -> None:
        attributes = {**contact.attributes, **row.attributes}
        if row.attributes:
            check_attributes(attributes)
        before = [getattr(contact, name) for name in WRITTEN]
        keys = (contact.phone, contact.external_id)
        for name, value in row.fields.items():
            setattr(contact, name, value)
        if "phone" in row.fields:
            contact.country = country_of(row.fields["phone"])
        contact.attributes = attributes
        self._reindex(contact, keys)
        if keys == (None, None):
            self.created += 1
        elif before != [getattr(contact, name) for name in WRITTEN]:
            self.updated += 1
        else:
            self.unchanged += 1
            return
        self.touched[contact.pk] = contact

    def _mark(self, row: Row, contact: Contact) -> None:
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
                field=error.attr or "",
                reason=error.detail[:500],
                row=line.values,
            )
        )

    def _write(self) -> None:
        # Emptied first: contacts may swap keys, and unique keys are checked row by row.
        Contact.objects.filter(pk__in=self.rekeyed).update(phone=None, external_id=None)
        Contact.objects.bulk_create(
            self.touched.values(),
            update_conflicts=True,
            update_fields=(*WRITTEN, "updated_at"),
            unique_fields=("id",),
        )
        ids = tag_ids(tenant=self.job.tenant, names=[name for _, name in self.tags])
        ContactTag.objects.bulk_create(
            [ContactTag(contact_id=pk, tag_id=ids[name]) for pk, name in self.tags],
            ignore_conflicts=True,
        )
        Suppression.objects.bulk_create(
            [
                Suppression(
                    tenant=self.job.tenant, address=address, source=SuppressionSource.IMPORT
                )
                for address in sorted(self.suppressed)
            ],
            ignore_conflicts=True,
        )


def _addresses(contact: Contact) -> list[str]:
    chat_id: Any = contact.telegram_chat_id
    addresses = (contact.phone, None if chat_id is None else str(chat_id))
    return [address for address in addresses if address]
