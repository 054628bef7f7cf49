"""Celery tasks that run imports of contacts."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from contacts.imports import importing
from contacts.models import ContactImport
from postgres import clock

LOST_AFTER = timedelta(minutes=2)
"""Age of an unfinished import at which beat starts its task again: its worker may be gone."""
REVIVED_AT_ONCE = 20
"""Imports that one run starts again."""


# Safe twice: a block commits together with the number of its last line.
@shared_task
def run_import(*, import_id: str) -> None:
    importing.run_import(import_id=UUID(import_id), clock=clock.now)


# Safe twice: it only starts tasks that are safe twice.
@shared_task
def revive_imports() -> None:
    unfinished = ContactImport.objects.exclude(status__in=importing.OVER)
    lost = unfinished.filter(created_at__lt=clock.now() - LOST_AFTER)
    for import_id in lost.values_list("pk", flat=True)[:REVIVED_AT_ONCE]:
        run_import.delay(import_id=str(import_id))
