"""The repairs of `manage.py doctor --repair`.

No repair moves a message or money, except the sweep of expired batches, which beat does anyway.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from broadcast.engine.batch import sweep_batches
from broadcast.lanes.lanes import wake_lanes
from broadcast.models import Broadcast, Lane
from broadcast.moves.finishing import finish
from broadcast.moves.messages import lock_counters
from broadcast.states import COUNTED

BY_STATUS = ", ".join(
    f"count(*) FILTER (WHERE m.status = '{name.upper()}') AS {name}" for name in COUNTED
)
RECOUNT = f"""
UPDATE broadcast_broadcastcounters c
SET total = r.total, handed_over = r.handed_over, clicked = r.clicked, cost = r.cost,
    {", ".join(f"{name} = r.{name}" for name in COUNTED)}
FROM (
    SELECT count(*) AS total, count(sent_at) AS handed_over,
           count(*) FILTER (WHERE clicked) AS clicked,
           coalesce(sum(price) FILTER (WHERE charge_state = 'CAPTURED'), 0) AS cost,
           {BY_STATUS}
    FROM broadcast_broadcastmessage m WHERE broadcast_id = %(broadcast)s
) r WHERE c.broadcast_id = %(broadcast)s
"""
NAME_AGAIN = """
INSERT INTO broadcast_providermessageid (provider_message_id, message_id, tenant_id, broadcast_id)
SELECT provider_message_id, id, tenant_id, broadcast_id FROM broadcast_broadcastmessage
WHERE broadcast_id = %(broadcast)s AND provider_message_id <> ''
ON CONFLICT DO NOTHING
"""


def recount(subject: str, now: datetime) -> None:
    """Set the counters from the messages; the counters' lock keeps both from changing."""
    broadcast_id = _id(subject)
    with transaction.atomic(), connection.cursor() as cursor:
        lock_counters(broadcast_id)
        cursor.execute(RECOUNT, {"broadcast": broadcast_id})
    finish(broadcast_id=broadcast_id, now=now)


def wake(subject: str, now: datetime) -> None:
    """Create the broadcast's first lane if it has none, and wake its sleeping lanes."""
    with transaction.atomic():
        broadcast = Broadcast.objects.ongoing().locked().filter(pk=_id(subject)).first()
        if broadcast is None:
            return
        Lane.objects.get_or_create(broadcast=broadcast, n=1, defaults={"next_batch_at": now})
        wake_lanes(broadcast=broadcast, at=now)


def store_provider_ids(subject: str, now: datetime) -> None:
    """Store the provider's ids again, so that receipts find these messages."""
    with connection.cursor() as cursor:
        cursor.execute(NAME_AGAIN, {"broadcast": _id(subject)})


def finish_again(subject: str, now: datetime) -> None:
    finish(broadcast_id=_id(subject), now=now)


def sweep_again(subject: str, now: datetime) -> None:
    sweep_batches(now=now)


def _id(subject: str) -> UUID:
    return UUID(subject.removeprefix("broadcast:"))
