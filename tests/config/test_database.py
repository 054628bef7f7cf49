"""What every connection to PostgreSQL is told."""

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_a_process_that_is_stopped_amid_a_transaction_does_not_keep_its_locks() -> None:
    """Stopped, frozen or cut off without a word: the others wait for less than a batch's lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setting::int / 1000 FROM pg_settings "
            "WHERE name = 'idle_in_transaction_session_timeout'"
        )
        (seconds,) = cursor.fetchone()
    assert 10 <= seconds < settings.BROADCAST_BATCH_LEASE
