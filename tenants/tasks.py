"""Celery tasks of the tenants app."""

from celery import shared_task

from postgres import clock
from tenants.api.idempotency import purge_expired


# The task is idempotent: a second run finds no expired records to delete.
@shared_task
def purge() -> None:
    purge_expired(at=clock.now())
