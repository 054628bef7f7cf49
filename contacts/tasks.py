"""Celery tasks that run imports of contacts."""

from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.db.models import Q, QuerySet

from contacts.imports import importing
from contacts.models import ContactImport
from postgres import clock

NOT_STARTED_AFTER = timedelta(minutes=2)
"""Age of a waiting import at which beat starts its task again: the broker may have lost it."""
LOST_AFTER = timedelta(minutes=6)
"""Time without a block after which the import's worker may be gone. Reading a large spreadsheet
takes five minutes at most."""
SECONDS_IN_TURN = 30
"""How long an import works before others have their turn. A turn begins with reading the file up
to its last line, two seconds for a million rows."""
REVIVED_AT_ONCE = 20
"""Imports that one run starts again."""


# Safe twice: a block commits together with the number of its last line.
@shared_task
def run_import(*, import_id: str) -> None:
    is_over = importing.run_import(
        import_id=UUID(import_id), clock=clock.now, seconds=SECONDS_IN_TURN
    )
    if not is_over:
        run_import.delay(import_id=import_id)


# Safe twice: it only starts tasks that are safe twice.
@shared_task
def revive_imports() -> None:
    lost = lost_imports(now=clock.now())
    for import_id in lost.values_list("pk", flat=True)[:REVIVED_AT_ONCE]:
        run_import.delay(import_id=str(import_id))


def lost_imports(*, now: datetime) -> QuerySet[ContactImport]:
    """Unfinished imports at which no worker works."""
    unfinished = ContactImport.objects.exclude(status__in=importing.OVER)
    return unfinished.filter(
        Q(worked_at=None, created_at__lt=now - NOT_STARTED_AFTER)
        | Q(worked_at__lt=now - LOST_AFTER)
    )
