"""The Celery tasks. Every task is only a hint: the rows say what is to be done."""

from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings

from broadcast.control import auto_pausing
from broadcast.control.expiring import expire_due
from broadcast.control.promoting import promote_due
from broadcast.engine.batch import sweep_batches
from broadcast.engine.pipeline import serve_lanes
from broadcast.followup.cap_retrying import retry_capped
from broadcast.followup.ending_holds import end_holds
from broadcast.followup.fallback import fall_back
from broadcast.followup.looking_up import look_up_unknown
from broadcast.lanes.hints import hints_waiting
from broadcast.lanes.turns import lanes_overdue
from broadcast.lanes.waking import wake_deferred
from broadcast.lifecycle import finish_planning
from broadcast.models import Broadcast
from broadcast.moves.finishing import finish_all
from channels.pacing.limiter import remember_the_start
from postgres import clock

MAX_COUNTDOWN = 60.0
"""Seconds. If a lane waits longer, beat finds its row; no task waits in Redis."""
MAX_HINTS = 500
"""Hints per run of `revive`; the next run comes two seconds later."""
HINT_LASTS = 60.0
"""Seconds after its time at which a hint expires, more than any task takes. Each batch sends a hint
but not each batch needs one to begin: if workers were always late, the surplus would pile up."""
OVERDUE_AFTER = timedelta(seconds=2)
"""How late a lane may be before beat assumes that its chain of tasks has died."""
PLAN_DROPPED_AFTER = timedelta(seconds=30)
"""How long a broadcast waits to be planned before beat assumes that the hint, or its worker, was
lost."""
MAX_DROPPED_PLANS = 100
"""Plans hinted at per run of `revive`; the next run comes two seconds later."""


# Safe twice: a lane is taken by compare-and-set.
@shared_task
def serve() -> None:
    """Serve due lanes; if no lane is due, end at once without another hint."""
    serve_lanes(clock=clock.now, announce=_serve_at)


def _serve_at(due: datetime) -> None:
    wait = max(0.0, (due - clock.now()).total_seconds())
    if not wait:
        serve.apply_async(expires=HINT_LASTS)  # a countdown of zero would start a timer
    elif wait <= MAX_COUNTDOWN:
        serve.apply_async(countdown=wait, expires=wait + HINT_LASTS)


# Safe twice: it acts on a broadcast whose `planning_at` is set, under its lock.
@shared_task
def plan_broadcast(*, broadcast_id: str) -> None:
    finish_planning(broadcast_id=UUID(broadcast_id), now=clock.now())


# Safe twice: promotion locks each broadcast and checks its status again.
@shared_task
def promote() -> None:
    promote_due(now=clock.now())


# Safe twice: it only wakes and hints.
@shared_task
def revive() -> None:
    """Hint at work for which no task waits: lanes that are overdue or sleep too long, lost plans.

    Also restarts the limiter's epoch after Redis was flushed.
    """
    remember_the_start()
    now = clock.now()
    wake_deferred(now=now)
    # Each hint in the queue will serve a lane: busy workers need no second hint for it.
    missing = lanes_overdue(before=now - OVERDUE_AFTER) - hints_waiting()
    for _ in range(min(missing, MAX_HINTS)):
        serve.delay()
    dropped = Broadcast.objects.filter(planning_at__lt=now - PLAN_DROPPED_AFTER)
    for broadcast_id in dropped.values_list("pk", flat=True)[:MAX_DROPPED_PLANS]:
        plan_broadcast.delay(broadcast_id=str(broadcast_id))


# Safe twice: each batch is swept by compare-and-set.
@shared_task
def sweep() -> None:
    now = clock.now()
    sweep_batches(now=now)
    finish_all(now=now)


# Safe twice: an answer moves a message as a receipt does, never down.
@shared_task
def look_up() -> None:
    look_up_unknown(now=clock.now())


# Safe twice: each broadcast is checked again under its lock.
@shared_task
def expire() -> None:
    now = clock.now()
    expire_due(now=now)
    end_holds(now=now)


# Safe twice: each broadcast is locked, and a message falls back once.
@shared_task
def fall_back_all() -> None:
    if settings.SENDING_ENABLED:
        fall_back(now=clock.now())


# Safe twice: each broadcast is locked, and a recipient has one open try at a time.
@shared_task
def retry_capped_all() -> None:
    if settings.SENDING_ENABLED:
        retry_capped(now=clock.now())


# Safe twice: a paused broadcast is not paused again.
@shared_task
def pause_for_templates() -> None:
    now = clock.now()
    auto_pausing.pause_for_templates(now=now)
    auto_pausing.pause_for_tenants(now=now)
    auto_pausing.pause_for_senders(now=now)
