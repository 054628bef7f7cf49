"""Keeps a verified call as it came: one INSERT, and a repeated call is stored once."""

from datetime import datetime

from django.db import connection

from channels.models import ProviderApp
from channels.storable import storable

# Not by the ORM, which costs as much again as the statement: this is done for every receipt.
INSERT = """
INSERT INTO inbound_providerevent (id, app_id, event_key, body, status, attempts, error,
                                   received_at)
VALUES (uuidv7(), %s, %s, %s, 'STORED', 0, '', %s)
ON CONFLICT (app_id, event_key) DO NOTHING
"""


def store(*, app: ProviderApp, event_key: str, body: bytes, now: datetime) -> None:
    """A call whose key was stored before is dropped. Beat applies what is stored within 2 s."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [app.pk, storable(event_key)[:200] or None, body, now])
