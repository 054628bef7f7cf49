"""Sessions of the admin: rows in PostgreSQL, which Django never deletes by itself."""

from datetime import datetime

from django.contrib.sessions.models import Session


def delete_expired_sessions(*, at: datetime) -> None:
    """Delete the sessions that have ended before `at`."""
    Session.objects.filter(expire_date__lt=at).delete()
