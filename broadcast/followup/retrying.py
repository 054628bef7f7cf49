"""Retries a finished broadcast: a child broadcast for the recipients whose messages FAILED."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from broadcast.error_codes import RECIPIENT_CODES, RECIPIENT_PREFIX
from broadcast.errors import IllegalMove, NothingToRetry, RetryTheParent
from broadcast.followup.children import REACHED, TRIES, retry_child
from broadcast.models import Broadcast
from broadcast.moves.broadcasts import fresh, lock_family, locked
from broadcast.states import FINISHED, BroadcastKind, BroadcastStatus
from tenants.models import Tenant, User

UNDER_WAY = (
    BroadcastStatus.DRAFT,
    BroadcastStatus.SCHEDULED,
    BroadcastStatus.QUEUED,
    BroadcastStatus.SENDING,
)

# `m`: a FAILED message.
UNREACHABLE = "(starts_with(m.error_code, %(prefix)s) OR m.error_code = ANY(%(codes)s::text[]))"
TO_RETRY = (
    f"m.status = 'FAILED' AND (%(include_unreachable)s OR NOT {UNREACHABLE}) AND NOT {REACHED}"
)
COUNT = f"""
WITH RECURSIVE {TRIES}
SELECT count(*), count(*) FILTER (WHERE {TO_RETRY}), count(*) FILTER (WHERE {UNREACHABLE})
FROM broadcast_broadcastmessage m
WHERE m.broadcast_id = %(broadcast)s AND m.status = 'FAILED'
"""


@dataclass(frozen=True, slots=True)
class Retry:
    """`is_new`: the child was made now; it was not already under way."""

    child: Broadcast
    is_new: bool


def retry_failed(
    *,
    tenant: Tenant,
    broadcast_id: UUID,
    actor: User | None,
    now: datetime,
    include_unreachable: bool = False,
) -> Retry:
    """A child broadcast for the FAILED recipients; if a retry is under way, returns that one.

    Leaves out recipients whom another try has reached or may still reach. Also leaves out
    recipients that the provider refused for good because of the recipient, unless
    `include_unreachable`. Raises IllegalMove, RetryTheParent, NothingToRetry, and whatever a launch
    raises.
    """
    with transaction.atomic():
        lock_family(broadcast_id, tenant=tenant)
        parent = locked(tenant, broadcast_id)
        _require_retriable(parent)
        running = parent.children.filter(kind=BroadcastKind.RETRY, status__in=UNDER_WAY).first()
        if running is not None:
            return Retry(child=fresh(running), is_new=False)
        params = {
            "prefix": RECIPIENT_PREFIX,
            "codes": sorted(RECIPIENT_CODES),
            "include_unreachable": include_unreachable,
        }
        _require_some(parent, params)
        child = retry_child(parent=parent, actor=actor, where=TO_RETRY, params=params, now=now)
    return Retry(child=fresh(child), is_new=True)


def _require_retriable(broadcast: Broadcast) -> None:
    if broadcast.kind == BroadcastKind.RETRY:
        raise RetryTheParent(
            "This is a retry itself; retry its parent's failed recipients.",
            data={"parent": str(broadcast.parent_id)},
        )
    if broadcast.status not in FINISHED:
        raise IllegalMove(
            f"The failed of a broadcast that is {broadcast.status} cannot be retried.",
            data={"status": broadcast.status},
        )


def _require_some(broadcast: Broadcast, params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {**params, "broadcast": broadcast.pk})
        failed, to_retry, unreachable = cursor.fetchone()
    if not to_retry:
        raise NothingToRetry(
            "No failed recipient is left to retry.",
            data={"failed": failed, "unreachable": unreachable},
        )
