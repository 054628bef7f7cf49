"""The statements of a claim: lock, claim, and shut the fence."""

from functools import cache

from broadcast.moves.move_sql import DELTA_OF_A_BATCH, RETURNING
from channels.platforms import Platform

ADDRESSES = {
    Platform.WHATSAPP: "c.phone, c.whatsapp_user_id",
    Platform.SMS: "c.phone",
    Platform.RCS: "c.phone",
    Platform.TELEGRAM: "c.telegram_chat_id::text",
}
"""The contact's addresses on a platform: a message with another address is not sent."""

LOCK = """
-- The broadcast first, against cancel and pause, then its counters, in the lock order. LOCK only
-- locks: CLAIM travels in the same call, so locks are held one round trip less, and CLAIM sees rows
-- committed while LOCK waited. The commit is not waited for: the commit of the fence is, and makes
-- the claim durable too (docs/adr/0013).
SELECT set_config('synchronous_commit', 'off', true) FROM broadcast_broadcast b
JOIN broadcast_broadcastcounters c ON c.broadcast_id = b.id
WHERE b.id = %(broadcast)s
FOR SHARE OF b FOR NO KEY UPDATE OF c
"""

SHUT_FENCE = """
UPDATE broadcast_batch SET handed_at = now()
WHERE id = %(batch)s AND handed_at IS NULL AND swept_at IS NULL AND lease_expires_at > now()
RETURNING extract(epoch FROM lease_expires_at - now())
"""


@cache
def claim_sql(*, platform: str, size: int) -> str:
    """Claims up to `size` messages of a broadcast on this platform.

    `size` is a literal in each LIMIT: for a parameter the planner expects a tenth of the table, and
    then reads all of it.
    """
    return f"""
-- Whether the broadcast may still be sent, read now that LOCK keeps it from being halted.
WITH may AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM broadcast_broadcast b
        WHERE b.id = %(broadcast)s AND b.status = 'SENDING' AND b.paused_at IS NULL
          AND (b.template_id IS NULL OR EXISTS (SELECT FROM templates_wa_whatsapptemplate t
                                                WHERE t.id = b.template_id
                                                  AND t.status = 'APPROVED'))
          AND (b.expires_at IS NULL OR b.expires_at > %(now)s)
    ) AS claim
),
-- First the messages that wait for another attempt, if it is due.
due AS (
    SELECT id, seq, contact_id, address FROM broadcast_broadcastmessage
    WHERE broadcast_id = %(broadcast)s AND next_attempt_at <= %(now)s AND status = 'PENDING'
      AND (SELECT claim FROM may)
    ORDER BY next_attempt_at LIMIT {size} FOR UPDATE SKIP LOCKED
),
-- Then the next messages above the floor of the lane.
fresh AS (
    SELECT id, seq, contact_id, address FROM broadcast_broadcastmessage
    WHERE broadcast_id = %(broadcast)s AND next_attempt_at IS NULL AND status = 'PENDING'
      AND seq > (SELECT floor FROM broadcast_lane WHERE id = %(lane)s)
      AND (SELECT claim FROM may)
    ORDER BY seq LIMIT {size} FOR UPDATE SKIP LOCKED
), chosen AS (
    SELECT *, false AS is_fresh FROM due UNION ALL SELECT *, true FROM fresh
    ORDER BY is_fresh, seq LIMIT {size}
),
-- Why a message must not be sent, and until when its zone is closed. MATERIALIZED: else PostgreSQL
-- would work out the reason once for each place that names it.
judged AS MATERIALIZED (
    SELECT m.id, CASE
        WHEN c.id IS NULL THEN 'contact_gone'
        WHEN coalesce(m.address NOT IN ({ADDRESSES[Platform(platform)]}), true)
            THEN 'address_changed'
        WHEN %(restricted)s AND m.address <> ALL(%(allowed)s::text[]) THEN 'send_only_to'
        WHEN EXISTS (
            SELECT FROM contacts_suppression o
            WHERE o.tenant_id = %(tenant)s
              AND o.address IN (m.address, c.phone, c.telegram_chat_id::text, c.whatsapp_user_id)
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
),
-- Messages outside their send window stay PENDING with a new time; their credits stay held.
moved AS (
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
