"""Celery tasks of the tenants app."""

from celery import shared_task

from postgres import clock
from tenants.api.idempotency import purge_expired
from tenants.lockout import forget_old_logins
from tenants.sessions import delete_expired_sessions


# The task is idempotent: a second run finds no expired records to delete.
@shared_task
def purge() -> None:
    purge_expired(at=clock.now())


# The task is idempotent: a second run finds no old rows to delete.
@shared_task
def purge_logins() -> None:
    forget_old_logins(at=clock.now())
    delete_expired_sessions(at=clock.now())
