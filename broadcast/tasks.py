"""Celery's way in. Every task is a hint: what is to be done stands in rows."""

from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from broadcast.control import auto_pausing
from broadcast.control.expiring import expire_due
from broadcast.control.promoting import promote_due
from broadcast.engine.batch import sweep_batches
from broadcast.engine.pipeline import serve_lanes
from broadcast.followup.fallback import fall_back
from broadcast.followup.looking_up import look_up_unknown
from broadcast.lanes.hints import hints_waiting
from broadcast.lanes.turns import lanes_overdue
from broadcast.lanes.waking import wake_what_waits
from broadcast.lifecycle import finish_planning
from broadcast.models import Broadcast
from broadcast.moves.finishing import finish_all_that_are_over
from channels.pacing.limiter import remember_the_start

MAX_COUNTDOWN = 60.0
"""Seconds. A longer wait is a row that beat looks at, not a task in Redis."""
MAX_HINTS = 500
HINT_LASTS = 60.0
"""Seconds beyond its time, more than any task takes. Each batch gives a hint and not each needs one
to begin: of workers that are always late the surplus would stay."""
OVERDUE_AFTER = timedelta(seconds=2)
"""How late a lane may be before beat takes it that its chain has died."""


# Safe twice: a lane is taken by compare-and-set.
@shared_task
def serve() -> None:
    """Serve lanes; where none is due it ends at once and hints at nothing."""
    serve_lanes(clock=timezone.now, announce=_serve_at)


def _serve_at(due: datetime) -> None:
    wait = max(0.0, (due - timezone.now()).total_seconds())
    if not wait:
        serve.apply_async(expires=HINT_LASTS)  # a countdown of zero would set a timer
    elif wait <= MAX_COUNTDOWN:
        serve.apply_async(countdown=wait, expires=wait + HINT_LASTS)


# Safe twice: it acts on a broadcast whose `planning_at` is set, under its lock.
@shared_task
def plan_broadcast(*, broadcast_id: str) -> None:
    finish_planning(broadcast_id=UUID(broadcast_id), now=timezone.now())


# Safe twice: promotion locks each broadcast and looks at its status again.
@shared_task
def promote() -> None:
    promote_due(now=timezone.now())


# Safe twice: it only hints.
@shared_task
def revive() -> None:
    """Start what no task stands for: lanes that are overdue or sleep too long, dropped plans; and
    the limiter, so that after a flush nobody waits who comes later."""
    remember_the_start()
    now = timezone.now()
    wake_what_waits(now=now)
    # Those that wait in the queue will see to as many lanes: busy workers are not hinted at twice.
    missing = lanes_overdue(before=now - OVERDUE_AFTER) - hints_waiting()
    for _ in range(min(missing, MAX_HINTS)):
        serve.delay()
    dropped = Broadcast.objects.filter(planning_at__lt=now - timedelta(seconds=30))
    for broadcast_id in dropped.values_list("pk", flat=True)[:100]:
        plan_broadcast.delay(broadcast_id=str(broadcast_id))


# Safe twice: each batch is swept by compare-and-set.
@shared_task
def sweep() -> None:
    now = timezone.now()
    sweep_batches(now=now)
    finish_all_that_are_over(now=now)


# Safe twice: it asks, and an answer moves a message as a receipt does.
@shared_task
def look_up() -> None:
    look_up_unknown(now=timezone.now())


# Safe twice: each broadcast is looked at again under its lock.
@shared_task
def expire() -> None:
    expire_due(now=timezone.now())


# Safe twice: each broadcast is locked, and a message goes on once.
@shared_task
def fall_back_all() -> None:
    if settings.SENDING_ENABLED:
        fall_back(now=timezone.now())


# Safe twice: what is paused is not paused again.
@shared_task
def pause_for_templates() -> None:
    now = timezone.now()
    auto_pausing.pause_for_templates(now=now)
    auto_pausing.pause_for_tenants(now=now)
