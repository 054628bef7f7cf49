"""What a worker does if rows that a batch needs stay locked, or the database cannot work for now.

It waits briefly, lets the broadcast's lanes rest, and serves other lanes. Answers of a provider are
kept in memory: a thread of this process settles them as soon as it can and keeps the batch's lease
until then. If the process ends before, the messages become UNKNOWN once the lease is over.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error, connection

from broadcast.models import Broadcast
from postgres.passing_errors import is_passing
from postgres.put_aside import PutAside

LOCK_WAIT = 500
"""Milliseconds for which a batch waits for each lock. Another batch holds a lock for milliseconds;
a plan, a cancel or a block of receipts may hold one for seconds."""
SHORT_LOCK_WAIT = 50
"""Milliseconds, if a row of the tenant was locked within the last LOCKED_FOR seconds: however many
of a tenant's broadcasts are locked, other tenants' batches hardly wait."""
LOCKED_FOR = 10.0
FIRST_REST, LONGEST_REST = 0.5, 4.0
"""Seconds for which the lanes of a locked broadcast rest; doubled while it stays locked."""
MAX_REMEMBERED = 1000
"""Tenants and broadcasts; a full memory is cleared."""
MAX_KEPT = 200
"""Batches whose answers a process keeps, which hold a few MB."""
SETTLED_BEFORE_THE_END = 10.0
"""Seconds for which a process that ends waits for its kept answers."""

POSTPONE = """
-- SKIP LOCKED: the locked row may be a lane.
UPDATE broadcast_lane SET next_batch_at = %(until)s
WHERE id IN (
    SELECT id FROM broadcast_lane
    WHERE broadcast_id = %(broadcast)s AND next_batch_at < %(until)s
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
"""
RENEW = """
UPDATE broadcast_batch
SET lease_expires_at = greatest(lease_expires_at, now() + make_interval(secs => %(lease)s))
WHERE id IN (
    SELECT id FROM broadcast_batch
    WHERE id = %(batch)s AND swept_at IS NULL AND settled_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED
)
"""

_locked_tenants: dict[UUID, float] = {}
"""Until when a tenant counts as locked (monotonic)."""
_rests: dict[UUID, tuple[float, float]] = {}
"""By broadcast: the length of its last rest, and until when the next rest is longer (monotonic)."""
_kept_answers = PutAside("kept-answers", most=MAX_KEPT)


def lock_wait_for(broadcast: Broadcast) -> int:
    """Milliseconds for which a batch of this broadcast may wait for each lock."""
    is_locked = monotonic() < _locked_tenants.get(broadcast.tenant_id, 0.0)
    return SHORT_LOCK_WAIT if is_locked else LOCK_WAIT


def has_kept_answers(broadcast: Broadcast) -> bool:
    """Whether this process keeps answers of the broadcast: it begins no further batch then."""
    return broadcast.pk in _kept_answers


def keep_answers(broadcast: Broadcast, settle: Callable[[], None]) -> None:
    """Let a thread of this process call `settle` until it succeeds."""
    _kept_answers.add(settle, group=broadcast.pk)


def settle_kept_answers() -> int:
    """Wait for the kept answers before the process ends; returns how many batches are left."""
    return _kept_answers.wait_until_empty(seconds=SETTLED_BEFORE_THE_END)


def postpone_lanes(broadcast: Broadcast, *, now: datetime) -> datetime | None:
    """Let the broadcast's lanes rest, longer each time in a row; returns until when.

    None if the database cannot do that either: beat finds the lanes later.
    """
    if len(_locked_tenants) + len(_rests) > MAX_REMEMBERED:
        _locked_tenants.clear()
        _rests.clear()
    _locked_tenants[broadcast.tenant_id] = monotonic() + LOCKED_FOR
    last, longer_until = _rests.get(broadcast.pk, (0.0, 0.0))
    rest = min(2 * last, LONGEST_REST) if monotonic() < longer_until else FIRST_REST
    _rests[broadcast.pk] = rest, monotonic() + rest + LOCKED_FOR
    until = now + timedelta(seconds=rest)
    try:
        _execute(POSTPONE, {"broadcast": broadcast.pk, "until": until})
    except Error as error:
        if not is_passing(error):
            raise
        return None
    return until


def renew_lease(*, batch_id: UUID) -> None:
    """Give a batch whose answers are kept another whole lease; does nothing if it was swept.

    Safe, because the batch's last request was sent by its first lease.
    """
    _execute(RENEW, {"batch": batch_id, "lease": float(settings.BROADCAST_BATCH_LEASE)})


def _execute(sql: str, params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
