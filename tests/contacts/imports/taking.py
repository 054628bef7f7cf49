"""Imports a file at once, as a worker would."""

from pathlib import Path
from typing import Any

from django.utils import timezone

from contacts.imports.importing import run_import
from contacts.models import ContactImport
from tenants.models import Tenant

FILES = Path(__file__).with_name("files")


def take(tenant: Tenant, content: str | bytes, **fields: Any) -> ContactImport:
    raw = content.encode() if isinstance(content, str) else content
    job = ContactImport.objects.create(
        tenant=tenant, file_name="a.csv", content=raw, **{"default_country": "DE", **fields}
    )
    run_import(import_id=job.pk, clock=timezone.now)
    job.refresh_from_db()
    return job


def counts(job: ContactImport) -> tuple[int, int, int, int]:
    return job.created, job.updated, job.unchanged, job.failed
