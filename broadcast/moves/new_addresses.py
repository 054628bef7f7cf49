"""Messages that wait for a recipient whose address changed."""

from uuid import UUID

from django.db import connection

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
