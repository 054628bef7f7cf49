from uuid import UUID

from celery import shared_task
from django.utils import timezone

from contacts.importing import run_block


# Safe twice: a block and the line it ends on commit together.
@shared_task
def run_import(*, import_id: str) -> None:
    if run_block(import_id=UUID(import_id), now=timezone.now()):
        run_import.delay(import_id=import_id)
