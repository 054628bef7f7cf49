"""Options of every connection to PostgreSQL."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from config.environment import BASE_DIR

ASK = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("idle_in_transaction_session_timeout", "statement_timeout"):
        cursor.execute(f"SHOW {name}")
        print(*cursor.fetchone())
"""


@pytest.mark.django_db
def test_a_process_that_is_stopped_amid_a_transaction_does_not_keep_its_locks() -> None:
    """If a process freezes or loses its network, others wait for less than a batch's lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setting::int / 1000 FROM pg_settings "
            "WHERE name = 'idle_in_transaction_session_timeout'"
        )
        (seconds,) = cursor.fetchone()
    assert 10 <= seconds < settings.BROADCAST_BATCH_LEASE


@pytest.mark.parametrize(
    ("options", "idle", "statement"),
    [
        ("-c%20statement_timeout=7s", "30s", "7s"),
        ("-c%20idle_in_transaction_session_timeout=9s", "9s", "0"),
    ],
)
def test_options_in_the_url_are_added_to_ours_and_win_over_them(
    options: str, idle: str, statement: str
) -> None:
    url = settings.DATABASE_URL
    url += f"{'&' if '?' in url else '?'}options={options}"
    output = subprocess.check_output(
        [sys.executable, "-c", ASK],
        cwd=BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.base"},
        text=True,
    )
    assert output.split() == [idle, statement]
