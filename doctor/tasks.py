"""Celery's way in."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from doctor.checkup import check_up

DOCTOR_LOOKS_BACK = timedelta(days=7)
"""What was over before is looked at by `manage.py doctor` alone."""


# Safe twice: it looks and writes down what it saw.
@shared_task
def doctor() -> None:
    now = timezone.now()
    check_up(now=now, since=now - DOCTOR_LOOKS_BACK)
