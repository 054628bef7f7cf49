"""The first half of a batch: take the lane, claim messages, and shut the fence behind them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from broadcast.engine.reserving import defer, limits_of, reserve_times
from broadcast.lanes.closed_zones import NONE_CLOSED, ClosedZones
from broadcast.lanes.lanes import _rest
from broadcast.models import Broadcast, Lane
from broadcast.moves.messages import DELTA_OF_A_BATCH, RETURNING, Moved, make_money, movement
from broadcast.planning.eligibility import scopes_that_stop
from channels.models import Sender
from channels.platforms import Platform
from postgres import prepared
from postgres.ids import new_id


class ClaimedMessage(NamedTuple):
    id: UUID
    address: str
    token: int
    variables: Mapping[str, str]
    segments: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch's messages; `moved` says what is left of the broadcast.

    `starts`: when each may leave, by the monotonic clock, where its sender is paced. `next_at`:
    when the sender's limits want the lane's next batch, where they have a say; or, where nothing
    was due, when something is.
    """

    batch_id: UUID
    messages: list[ClaimedMessage]
    moved: Moved
    starts: Mapping[UUID, float] = field(default_factory=dict)
    next_at: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Messages were moved and none of them is to be sent: the next ones need not wait."""
        return self.moved.count > 0 and not self.messages and self.next_at is None


# Locked in the house's order: the broadcast against cancel and pause, then its counters. The commit
# is not waited for: the fence's is, and makes the claim durable too (docs/adr/0044). It asks
# nothing: CLAIM, which is sent along with it so that the locks are held for one call less, sees
# what was committed while this one waited.
LOCK = """
SELECT set_config('synchronous_commit', 'off', true) FROM broadcast_broadcast b
JOIN broadcast_broadcastcounters c ON c.broadcast_id = b.id
WHERE b.id = %(broadcast)s
FOR SHARE OF b FOR NO KEY UPDATE OF c
"""

# First whether the broadcast is still to be sent, now that nobody can halt it. Then what waits for
# another try and is due, then the next ones above the lane's floor. Of those to whom it is too
# early or too late to write only the time is set; their credits stay held. Both LIMITs are
# literals: with a computed one the planner expects a tenth of the table and reads all.
# MATERIALIZED: else the reason is worked out once for each place that names it.
CLAIM = f"""
WITH may AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM broadcast_broadcast b
        WHERE b.id = %(broadcast)s AND b.status = 'SENDING' AND b.paused_at IS NULL
          AND (b.template_id IS NULL OR EXISTS (SELECT FROM templates_wa_whatsapptemplate t
                                                WHERE t.id = b.template_id
                                                  AND t.status = 'APPROVED'))
          AND (b.expires_at IS NULL OR b.expires_at > %(now)s)
    ) AS claim
), due AS (
    SELECT id, seq, contact_id, address FROM broadcast_broadcastmessage
    WHERE broadcast_id = %(broadcast)s AND next_attempt_at <= %(now)s AND status = 'PENDING'
      AND (SELECT claim FROM may)
    ORDER BY next_attempt_at LIMIT {{{{size}}}} FOR UPDATE SKIP LOCKED
), fresh AS (
    SELECT id, seq, contact_id, address FROM broadcast_broadcastmessage
    WHERE broadcast_id = %(broadcast)s AND next_attempt_at IS NULL AND status = 'PENDING'
      AND seq > (SELECT floor FROM broadcast_lane WHERE id = %(lane)s)
      AND (SELECT claim FROM may)
    ORDER BY seq LIMIT {{{{size}}}} FOR UPDATE SKIP LOCKED
), chosen AS (
    SELECT *, false AS is_fresh FROM due UNION ALL SELECT *, true FROM fresh
    ORDER BY is_fresh, seq LIMIT {{{{size}}}}
), judged AS MATERIALIZED (
    SELECT m.id, CASE
        WHEN c.id IS NULL THEN 'contact_gone'
        WHEN m.address IS DISTINCT FROM {{address}} THEN 'address_changed'
        WHEN %(restricted)s AND m.address <> ALL(%(allowed)s::text[]) THEN 'send_only_to'
        WHEN EXISTS (
            SELECT FROM contacts_suppression o
            WHERE o.tenant_id = %(tenant)s AND o.address = m.address
              AND o.platform IN ('', %(platform)s) AND o.scope = ANY(%(scopes)s)
        ) THEN 'opted_out'
        ELSE '' END AS reason,
        CASE WHEN c.time_zone = ANY(%(zones)s::text[])
             THEN (%(untils)s::timestamptz[])[array_position(%(zones)s::text[], c.time_zone::text)]
             ELSE %(unknown_until)s::timestamptz END AS until
    FROM chosen m
    LEFT JOIN contacts_contact c ON c.id = m.contact_id AND c.tenant_id = %(tenant)s
), verdict AS (
    SELECT *, CASE WHEN reason <> '' THEN 'SUPPRESSED' WHEN until IS NOT NULL THEN 'PENDING'
                   ELSE 'SENDING' END AS status
    FROM judged
), moved AS (
    UPDATE broadcast_broadcastmessage m
    SET status = v.status, next_attempt_at = CASE WHEN v.status = 'PENDING' THEN v.until END,
        status_at = CASE WHEN v.status = 'PENDING' THEN m.status_at ELSE %(now)s END,
        error_code = v.reason, provider_error_code = '', error_message = '',
        provider_message_id = CASE WHEN v.status = 'SENDING' THEN '' ELSE m.provider_message_id END,
        charge_state = CASE WHEN v.status = 'SUPPRESSED' AND m.charge_state = 'HELD'
                            THEN 'RELEASED' ELSE m.charge_state END,
        batch_id = CASE WHEN v.status = 'PENDING' THEN m.batch_id ELSE %(batch)s END,
        attempts = m.attempts + CASE WHEN v.status = 'SENDING' THEN 1 ELSE 0 END
    FROM verdict v WHERE m.id = v.id AND m.broadcast_id = %(broadcast)s
    {RETURNING}, new.id, new.address, new.token, new.variables, new.segments, new.seq
), {DELTA_OF_A_BATCH}, batch AS (
    INSERT INTO broadcast_batch (id, broadcast_id, lane_id, message_ids, claimed_at,
                                 lease_expires_at)
    SELECT %(batch)s, %(broadcast)s, %(lane)s, array_agg(id ORDER BY seq), %(now)s,
           %(lease)s::timestamptz
    FROM moved WHERE status = 'SENDING' HAVING count(*) > 0
), floor AS (
    UPDATE broadcast_lane SET floor = greatest(floor, (SELECT max(seq) FROM chosen WHERE is_fresh))
    WHERE id = %(lane)s AND (SELECT claim FROM may)
)
SELECT (SELECT claim FROM may), counted.*, moved.id, moved.address, moved.token, moved.variables,
       moved.segments
FROM counted LEFT JOIN moved ON moved.status = 'SENDING' ORDER BY moved.seq
"""
CLAIM_PHONE = CLAIM.format(address="c.phone")
CLAIM_CHAT = CLAIM.format(address="c.telegram_chat_id::text")


def claim(
    *,
    broadcast: Broadcast,
    lane: Lane,
    sender: Sender,
    now: datetime,
    closed: ClosedZones = NONE_CLOSED,
) -> Claim | None:
    """Claim up to a batch of due messages, in one short transaction.

    None where the broadcast is no longer to be sent. Those whose contact is gone, opted out or
    changed are SUPPRESSED and their credits released; those in a closed zone wait until it opens.
    """
    batch_id = new_id()
    with transaction.atomic(), connection.cursor() as cursor:
        sql = CLAIM_CHAT if broadcast.platform == Platform.TELEGRAM else CLAIM_PHONE
        prepared.execute(
            cursor,
            sql.replace("{size}", str(limits_of(sender).most(sender.effective_batch_size))),
            {
                **_params(broadcast, now=now),
                **_zones(closed),
                **movement(batch_id),
                "batch": batch_id,
                "lane": lane.pk,
            },
            first=LOCK,
        )
        rows = cursor.fetchall()
        if not rows or not rows[0][0]:
            return None
        counts = rows[0][1:7]
        moved = replace(Moved(*counts), movement_id=batch_id)
        claimed = Claim(batch_id, _messages([row[7:] for row in rows if row[7]]), moved)
        if moved.released:
            make_money(
                broadcast=broadcast,
                moved=moved,
                reference=f"batch:{batch_id}:suppressed",
                actor="claim",
                now=now,
            )
        if not moved.count:
            return replace(claimed, next_at=_rest(lane=lane, moved=moved, now=now))
        return _within_limits(claimed, broadcast=broadcast, lane=lane, sender=sender, now=now)


def _messages(rows: Sequence[Sequence[Any]]) -> list[ClaimedMessage]:
    variables = json.loads(f"[{','.join(row[3] for row in rows)}]")  # at once: a third of the time
    return [
        ClaimedMessage(message_id, address, token, values, segments)
        for (message_id, address, token, _, segments), values in zip(rows, variables, strict=True)
    ]


def _within_limits(
    claimed: Claim, *, broadcast: Broadcast, lane: Lane, sender: Sender, now: datetime
) -> Claim:
    """Give back what its sender's limits do not let go within the horizon."""
    if not claimed.messages:
        return claimed
    reserved = reserve_times(sender=sender, messages=claimed.messages, now=now)
    kept = [each for each in claimed.messages if each.id not in reserved.deferred]
    moved = claimed.moved
    if reserved.deferred:
        given_back = defer(
            broadcast=broadcast,
            batch_id=claimed.batch_id,
            deferred=reserved.deferred,
            kept=[each.id for each in kept],
            now=now,
        )
        moved = replace(moved, pending=given_back.pending, sending=given_back.sending)
    if reserved.next_at is not None:
        Lane.objects.filter(pk=lane.pk, next_batch_at__lt=reserved.next_at).update(
            next_batch_at=reserved.next_at
        )
    return replace(
        claimed, messages=kept, moved=moved, starts=reserved.starts, next_at=reserved.next_at
    )


def _params(broadcast: Broadcast, *, now: datetime) -> dict[str, Any]:
    return {
        "broadcast": broadcast.pk,
        "tenant": broadcast.tenant_id,
        "platform": broadcast.platform,
        "scopes": scopes_that_stop(broadcast.category),
        "restricted": bool(settings.SEND_ONLY_TO),
        "allowed": list(settings.SEND_ONLY_TO),
        "now": now,
        "lease": now + timedelta(seconds=settings.BROADCAST_BATCH_LEASE),
    }


def _zones(closed: ClosedZones) -> dict[str, Any]:
    return {
        "zones": list(closed.until),
        "untils": list(closed.until.values()),
        "unknown_until": closed.unknown_until,
    }


def shut_fence(*, batch_id: UUID) -> float | None:
    """The last step before the first byte leaves: how many seconds of the batch's lease are left.

    None if it is no longer ours to send. By the database's clock and the row's own lease: a worker
    that was stopped for long has an old one.
    """
    with connection.cursor() as cursor:
        prepared.execute(cursor, SHUT_FENCE, {"batch": batch_id})
        row = cursor.fetchone()
    return None if row is None else float(row[0])


SHUT_FENCE = """
UPDATE broadcast_batch SET handed_at = now()
WHERE id = %(batch)s AND handed_at IS NULL AND swept_at IS NULL AND lease_expires_at > now()
RETURNING extract(epoch FROM lease_expires_at - now())
"""
