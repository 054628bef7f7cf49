"""A CSV file of contacts becomes rows, block by block; a restart goes on after the last one."""

import csv
import io
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    ContactTag,
    ImportStatus,
    Suppression,
    SuppressionSource,
)
from contacts.phones import country_of, to_e164
from contacts.tagging import tags_named
from tenants.errors import DomainError, InvalidInput

BLOCK = 1000
"""Rows a transaction: some statements each, and little to repeat after a crash."""
TEXTS = {"first_name": 200, "last_name": 200, "email": 254, "time_zone": 64, "external_id": 200}
TRUE = frozenset({"1", "true", "yes", "y", "x"})
Row = dict[str, Any]


def run_block(*, import_id: UUID, now: datetime) -> bool:
    """Take the next block; whether there is more. Safe twice: `line` moves with the rows."""
    with transaction.atomic():
        job = ContactImport.objects.select_for_update().get(pk=import_id)
        if job.status in (ImportStatus.DONE, ImportStatus.FAILED):
            return False
        rows = read(bytes(job.content or b""))
        block = rows[job.line : job.line + BLOCK]
        job.started_at = job.started_at or now
        job.rows = len(rows)
        _take(job, block)
        job.line += len(block)
        over = job.line >= len(rows)
        job.status = ImportStatus.DONE if over else ImportStatus.RUNNING
        if over:
            job.finished_at, job.content = now, None
        job.save()
    return not over


def read(content: bytes) -> list[dict[str, str]]:
    """UTF-8 with or without BOM, else Windows-1252; comma or semicolon, as the first line has."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    text = text.replace("\x00", "")
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    return [{k.strip(): v.strip() for k, v in row.items() if isinstance(k, str)} for row in reader]


def _take(job: ContactImport, block: list[dict[str, str]]) -> None:
    good: list[Row] = []
    errors: list[ContactImportError] = []
    for line, raw in enumerate(block, start=job.line + 2):
        try:
            good.append({**_parse(job, raw), "line": line, "raw": raw})
        except DomainError as error:
            errors.append(_error(job, line, raw, error))
    new, changed, tags, suppressed = _match(job, good, errors)
    job.created += len(new)
    job.updated += len(changed)
    job.failed += len(errors)
    ContactImportError.objects.bulk_create(errors)
    if not job.dry_run:
        _write(job, new, changed, tags, suppressed)


def _parse(job: ContactImport, raw: dict[str, str]) -> Row:
    row: Row = {"attributes": {}, "tags": list(job.tags), "fields": {}, "stop": False}
    for column, value in raw.items():
        name = job.mapping.get(column, column)
        if not value:
            continue
        if name == "phone":
            row["fields"]["phone"] = to_e164(value, default_country=job.default_country)
        elif name == "telegram_chat_id":
            row["fields"][name] = _chat(value)
        elif name == "tags":
            row["tags"] += [each.strip()[:100] for each in value.split(",") if each.strip()]
        elif name == "do_not_contact":
            row["stop"] = value.lower() in TRUE
        elif name in TEXTS:
            if len(value) > TEXTS[name]:
                raise InvalidInput("This is too long.", attr=name)
            row["fields"][name] = value
        else:
            row["attributes"][name] = value
    if not row["fields"].keys() & {"phone", "external_id"}:
        raise InvalidInput("A phone or an external id is needed.", attr="phone")
    return row


def _chat(value: str) -> int:
    try:
        chat = int(value)
    except ValueError as error:
        raise InvalidInput("A number.", attr="telegram_chat_id") from error
    if abs(chat) >= 2**63:
        raise InvalidInput("A number of 64 bits.", attr="telegram_chat_id")
    return chat


def _match(job: ContactImport, rows: list[Row], errors: list[ContactImportError]) -> Any:
    phones = {r["fields"]["phone"] for r in rows if "phone" in r["fields"]}
    ids = {r["fields"]["external_id"] for r in rows if "external_id" in r["fields"]}
    known = Contact.objects.for_tenant(job.tenant).filter(
        Q(phone__in=phones) | Q(external_id__in=ids)
    )
    by_phone: dict[str, Contact] = {}
    by_id: dict[str, Contact] = {}
    for contact in known.select_for_update().order_by("id"):
        by_phone[contact.phone or ""] = by_id[contact.external_id or ""] = contact
    new: dict[UUID, Contact] = {}
    changed: dict[UUID, Contact] = {}
    tags: list[tuple[UUID, str]] = []
    stopped: set[str] = set()
    for row in rows:
        fields = row["fields"]
        one = by_phone.get(fields.get("phone", None))
        two = by_id.get(fields.get("external_id", None))
        if one and two and one.pk != two.pk:
            clash = InvalidInput("Phone and external id are of two contacts.", attr="external_id")
            errors.append(_error(job, row["line"], row["raw"], clash))
            continue
        contact = one or two or Contact(tenant=job.tenant)
        (changed if (one or two) and contact.pk not in new else new)[contact.pk] = contact
        by_phone.pop(contact.phone or "", None)
        by_id.pop(contact.external_id or "", None)
        for name, value in fields.items():
            setattr(contact, name, value)
        contact.country = country_of(contact.phone) if contact.phone else ""
        contact.attributes = {**contact.attributes, **row["attributes"]}
        by_phone[contact.phone or ""] = by_id[contact.external_id or ""] = contact
        tags += [(contact.pk, name) for name in row["tags"]]
        if row["stop"]:
            chat = contact.telegram_chat_id
            stopped |= {a for a in (contact.phone, str(chat) if chat else None) if a}
    return list(new.values()), list(changed.values()), tags, stopped


def _write(job: ContactImport, new: Any, changed: Any, tags: Any, stopped: set[str]) -> None:
    Contact.objects.bulk_create(new)
    fields = (*TEXTS, "phone", "country", "telegram_chat_id", "attributes")
    Contact.objects.bulk_update(changed, fields)
    named = tags_named(tenant=job.tenant, names=[name for _, name in tags])
    ids = {tag.name.lower(): tag.pk for tag in named}
    ContactTag.objects.bulk_create(
        [ContactTag(contact_id=pk, tag_id=ids[name.lower()]) for pk, name in tags],
        ignore_conflicts=True,
    )
    Suppression.objects.bulk_create(
        [
            Suppression(tenant=job.tenant, address=each, source=SuppressionSource.IMPORT)
            for each in sorted(stopped)
        ],
        ignore_conflicts=True,
    )


def _error(
    job: ContactImport, line: int, raw: dict[str, str], error: DomainError
) -> ContactImportError:
    return ContactImportError(
        contact_import=job, line=line, field=error.attr or "", reason=error.detail, row=raw
    )
