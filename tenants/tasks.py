"""Celery's way in."""

from celery import shared_task
from django.utils import timezone

from tenants.api.idempotency import purge_expired


# Safe to run twice: it deletes expired rows.
@shared_task
def purge() -> None:
    purge_expired(at=timezone.now())
