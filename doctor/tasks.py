"""Celery's way in."""

from datetime import timedelta

from celery import shared_task

from doctor.checkup import check_up
from postgres import clock

DOCTOR_LOOKS_BACK = timedelta(days=7)
"""The task skips broadcasts that finished earlier; `manage.py doctor` checks them too."""


# Safe to run twice: it reads, and stores one more result.
@shared_task
def doctor() -> None:
    now = clock.now()
    check_up(now=now, since=now - DOCTOR_LOOKS_BACK)
