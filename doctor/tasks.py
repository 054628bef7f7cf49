"""Celery's way in."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from doctor.checkup import check_up

DOCTOR_LOOKS_BACK = timedelta(days=7)
"""The task skips broadcasts that finished earlier; `manage.py doctor` checks them too."""


# Safe to run twice: it reads, and stores one more result.
@shared_task
def doctor() -> None:
    now = timezone.now()
    check_up(now=now, since=now - DOCTOR_LOOKS_BACK)
