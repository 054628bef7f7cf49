"""Whose number or bot a sender is: fixed as soon as a broadcast was sent with it.

Messages, receipts and replies refer to the sender, so another number needs another sender.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from api.errors import Conflict
from channels.models import Sender

IDENTITY = ("address", "account_id", "business_account_id")

IS_USED = """
SELECT EXISTS (SELECT FROM broadcast_broadcast WHERE sender_id = %s AND status <> 'DRAFT')
"""


class SenderInUse(Conflict):
    """A broadcast was sent, or is scheduled, with this sender."""

    code = "sender_in_use"


def is_used(sender: Sender) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_USED, [sender.pk])
        return bool(cursor.fetchone()[0])


def require_same_identity(sender: Sender, values: Mapping[str, Any]) -> None:
    """Check new values before they are saved. Raises SenderInUse, which names the field."""
    for name in IDENTITY:
        if name in values and values[name] != getattr(sender, name) and is_used(sender):
            raise SenderInUse(
                "This sender was used: add another sender for another number or account.",
                attr=name,
            )
