"""Messages that wait for a recipient whose address changed."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection

from broadcast.models import Broadcast, BroadcastMessage
from contacts.people import move_chat

READDRESS = """
UPDATE broadcast_broadcastmessage m SET address = %(new)s
WHERE m.contact_id = %(contact)s AND m.address = %(old)s AND m.status = 'PENDING'
  AND NOT EXISTS (SELECT FROM broadcast_broadcastmessage o
                  WHERE o.broadcast_id = m.broadcast_id AND o.address = %(new)s)
"""


def readdress(*, contact_id: UUID, old: str, new: str) -> int:
    """Address a contact's PENDING messages to its new address; returns how many.

    Only for an address that changes neither platform nor price.
    """
    with connection.cursor() as cursor:
        cursor.execute(READDRESS, {"contact": contact_id, "old": old, "new": new})
        readdressed: int = cursor.rowcount
    return readdressed


def follow_chats(*, broadcast: Broadcast, moved_to: Mapping[UUID, str], now: datetime) -> None:
    """Move the recipients of these messages to their new Telegram chats, and the messages, too."""
    rows = BroadcastMessage.objects.filter(broadcast=broadcast, pk__in=moved_to)
    for message_id, old in rows.order_by("pk").values_list("pk", "address"):
        new = moved_to[message_id]
        contact = move_chat(tenant_id=broadcast.tenant_id, old=int(old or 0), new=int(new), now=now)
        if contact is not None:
            readdress(contact_id=contact.pk, old=str(old), new=new)
