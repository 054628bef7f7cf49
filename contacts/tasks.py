from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from contacts.imports.importing import OVER
from contacts.imports.importing import run_import as run
from contacts.models import ContactImport

LOST_AFTER = timedelta(minutes=2)
"""How long an import may take before beat takes it that nobody works on it any more."""


# Safe twice: a block and the line it ends on commit together.
@shared_task
def run_import(*, import_id: str) -> None:
    run(import_id=UUID(import_id), clock=timezone.now)


# Safe twice: it only hints.
@shared_task
def revive_imports() -> None:
    waiting = ContactImport.objects.exclude(status__in=OVER)
    lost = waiting.filter(created_at__lt=timezone.now() - LOST_AFTER)
    for import_id in lost.values_list("pk", flat=True)[:20]:
        run_import.delay(import_id=str(import_id))
