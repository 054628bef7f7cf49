"""Launching: DRAFT → SCHEDULED or QUEUED (plans, holds credits), and back to DRAFT.

A launch goes down once: control (may it start?) → content (what is said) → planning (who gets it,
and what it costs) → ledger (hold) → lanes.
"""

from datetime import datetime
from uuid import UUID

from django.db import DataError, transaction

from api.errors import DomainError
from broadcast.content.checking import Checked, check_content, content_of
from broadcast.content.links import register_links
from broadcast.control.preconditions import (
    require_approval,
    require_approval_of_audience,
    require_future,
    require_in_use,
    require_may_launch,
    require_may_start,
    require_time_left,
    require_working,
)
from broadcast.errors import IllegalMove
from broadcast.lanes.hints import plan_soon, serve_soon
from broadcast.models import Broadcast, Lane
from broadcast.models.lengths import MAX_STATUS_REASON
from broadcast.moves.broadcasts import fresh, lift_pause, locked, move_pending, require_move, save
from broadcast.moves.messages import append_to_ledger, lock_counters
from broadcast.planning.estimating import require_planned_as_estimated, require_unmoved
from broadcast.planning.plan import plan
from broadcast.states import BroadcastStatus
from tenants.models import Tenant
from wallet.ledger import ledger

OUT_OF_RANGE = "A recipient's text or price is out of range once its variables are filled in."


def schedule(
    *, tenant: Tenant, broadcast_id: UUID, at: datetime, now: datetime, estimate_hash: str = ""
) -> Broadcast:
    """DRAFT → SCHEDULED at a future time; a task plans an audience first.

    `estimate_hash` is the estimate that the plan must still come to. Raises InvalidInput (attr
    names the field), NoRecipients, NoSender, SenderBroken, TemplateNotUsable, InsufficientCredit,
    ApprovalRequired, EstimateMoved, IllegalMove.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            require_future(at, now)
            require_time_left(broadcast, at=at)
            check_estimate(broadcast, estimate_hash, now=now)
            broadcast.scheduled_at = at
            lift_pause(broadcast, now=now)
            save(broadcast)
        else:
            content = check_estimate(broadcast, estimate_hash, now=now)
            launch_at(broadcast, at=at, now=now, content=content)
    return fresh(broadcast)


def unschedule(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> Broadcast:
    """SCHEDULED → DRAFT; its credits are released. A DRAFT stays what it is."""
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            back_to_draft(broadcast, now=now)
            broadcast.scheduled_at = None
            save(broadcast)
        elif broadcast.status != BroadcastStatus.DRAFT:
            raise IllegalMove(f"A broadcast that is {broadcast.status} cannot be unscheduled.")
        elif broadcast.planning_at is not None:
            broadcast.planning_at = broadcast.scheduled_at = None
            lift_pause(broadcast, now=now)
            save(broadcast)
    return fresh(broadcast)


def send(
    *, tenant: Tenant, broadcast_id: UUID, now: datetime, estimate_hash: str = ""
) -> Broadcast:
    """Send now: DRAFT or SCHEDULED → QUEUED; a task plans an audience first.

    If the broadcast is being sent already, nothing changes. Raises as `schedule` does.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status in {BroadcastStatus.QUEUED, BroadcastStatus.SENDING}:
            return fresh(broadcast)
        content = check_estimate(broadcast, estimate_hash, now=now)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            queue(broadcast, now=now)
        else:
            launch(broadcast, at=None, now=now, content=content)
    return fresh(broadcast)


def check_estimate(broadcast: Broadcast, quoted: str, *, now: datetime) -> Checked | None:
    """Check a quoted estimate at once, and keep it: an audience is planned and checked later.

    Returns the content that it was checked for, None if no estimate is quoted. Raises
    EstimateMoved and what the estimate raises.
    """
    content = require_unmoved(broadcast=broadcast, quoted=quoted, now=now) if quoted else None
    broadcast.estimate_hash = quoted
    return content


def launch_at(
    broadcast: Broadcast, *, at: datetime, now: datetime, content: Checked | None = None
) -> None:
    require_future(at, now)
    launch(broadcast, at=at, now=now, content=content)


def launch(
    broadcast: Broadcast, *, at: datetime | None, now: datetime, content: Checked | None = None
) -> None:
    """Check everything, then plan, hold and move on; a task does this for an audience.

    `at` None sends now. `content` is given if it has just been checked.
    """
    target = BroadcastStatus.QUEUED if at is None else BroadcastStatus.SCHEDULED
    require_may_launch(broadcast, to=target)
    content = content or check_content(broadcast)
    require_may_start(content, at=at or now, now=now)
    broadcast.scheduled_at = at
    broadcast.status_reason = ""
    if broadcast.audience is None:
        _plan_and_hold(content, now=now)
        _move_on(broadcast, at=at, now=now)
        return
    require_approval_of_audience(content)
    broadcast.planning_at = now
    save(broadcast)
    plan_soon(broadcast_id=broadcast.pk)


def finish_planning(*, broadcast_id: UUID, now: datetime) -> None:
    """Plan a broadcast whose `planning_at` is set, hold its credits and move it on.

    A refusal takes it back to a plain DRAFT with the reason. Safe to repeat: a locked broadcast is
    skipped, because another task is planning it; if that task dies, beat starts a new one.
    """
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.locked(skip_locked=True)
            .filter(pk=broadcast_id, planning_at__isnull=False, status=BroadcastStatus.DRAFT)
            .first()
        )
        if broadcast is None:
            return
        try:
            with transaction.atomic():
                _plan_and_hold(content_of(broadcast), now=now)
                _move_on(broadcast, at=broadcast.scheduled_at, now=now)
        except (DomainError, DataError) as refusal:
            # Beat starts again whatever keeps `planning_at`: a plan that PostgreSQL cannot store
            # must not keep it.
            reason = refusal.detail if isinstance(refusal, DomainError) else OUT_OF_RANGE
            Broadcast.objects.filter(pk=broadcast_id).update(
                planning_at=None,
                scheduled_at=None,
                paused_at=None,
                pause_reason="",
                status_reason=reason[:MAX_STATUS_REASON],
            )


def _plan_and_hold(content: Checked, *, now: datetime) -> None:
    broadcast = content.broadcast
    lock_counters(broadcast.pk)
    register_links(broadcast, content.links)
    planned = plan(content, now=now)
    if broadcast.estimate_hash:
        require_planned_as_estimated(broadcast=broadcast, quoted=broadcast.estimate_hash)
    require_approval(broadcast, recipients=planned.to_send, amount=planned.amount)
    broadcast.hold_revision += 1
    broadcast.planned_at = now
    ledger.hold(
        tenant=broadcast.tenant,
        amount=planned.amount,
        subject=broadcast.subject,
        revision=broadcast.hold_revision,
        actor=str(broadcast.created_by_id or "system"),
        now=now,
    )


def _move_on(broadcast: Broadcast, *, at: datetime | None, now: datetime) -> None:
    if at is None:
        queue(broadcast, now=now)
        return
    broadcast.status = BroadcastStatus.SCHEDULED
    broadcast.planning_at = None
    save(broadcast)


def queue(broadcast: Broadcast, *, now: datetime) -> None:
    """→ QUEUED, with its lanes; the caller holds its lock and has planned it.

    Raises NoSender, SenderBroken, TenantInactive, with nothing changed.
    """
    require_move(broadcast, BroadcastStatus.QUEUED)
    require_in_use(broadcast)
    require_working(broadcast)
    broadcast.status = BroadcastStatus.QUEUED
    broadcast.queued_at = now
    broadcast.planning_at = None
    lift_pause(broadcast, now=now)
    save(broadcast)
    lanes = broadcast.sender.lanes if broadcast.sender else 1
    Lane.objects.bulk_create(
        Lane(broadcast=broadcast, n=n, next_batch_at=now) for n in range(1, lanes + 1)
    )
    serve_soon(lanes=lanes)


def back_to_draft(broadcast: Broadcast, *, now: datetime) -> None:
    """SCHEDULED → DRAFT: its messages are not charged and its hold is released. Does not save."""
    moved = move_pending(broadcast, status="PENDING", charge="RELEASED", now=now)
    append_to_ledger(
        broadcast=broadcast,
        moved=moved,
        reference=f"r{broadcast.hold_revision}:unscheduled",
        actor="unschedule",
        now=now,
    )
    broadcast.status = BroadcastStatus.DRAFT
    lift_pause(broadcast, now=now)
