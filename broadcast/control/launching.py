"""From DRAFT on its way: scheduled or sent, which is planned and held first; or taken back."""

from datetime import datetime
from uuid import UUID

from django.db import DataError, transaction

from api.errors import DomainError, InvalidInput
from broadcast.content import checking as content
from broadcast.content.links import register_links
from broadcast.control.approving import require_approval, require_approval_of_audience
from broadcast.control.senders_in_use import require_in_use, require_working
from broadcast.errors import IllegalMove, NoRecipients, NotEditable
from broadcast.lanes.closed_zones import require_opening
from broadcast.lanes.hints import plan_soon, serve_soon
from broadcast.models import Broadcast, BroadcastCounters, Lane
from broadcast.moves.broadcasts import fresh, lift_pause, locked, move_pending, require_move, save
from broadcast.moves.messages import lock_counters, make_money
from broadcast.planning import plan as planning
from broadcast.planning.estimating import require_planned_as_estimated, require_unmoved
from broadcast.states import BroadcastStatus
from tenants.models import Tenant
from wallet.ledger import ledger

OUT_OF_RANGE = "A recipient's text or price is out of range once its variables are filled in."


def schedule(
    *, tenant: Tenant, broadcast_id: UUID, at: datetime, now: datetime, estimate_hash: str = ""
) -> Broadcast:
    """DRAFT → SCHEDULED at a time to come; an audience is planned by a task first.

    `estimate_hash`: of the estimate that it must still come to. Raises InvalidInput (attr names
    the field), NoRecipients, NoSender, SenderBroken, TemplateNotUsable, InsufficientCredit,
    ApprovalRequired, EstimateMoved, IllegalMove.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            require_future(at, now)
            require_time_left(broadcast, at=at)
            require_estimate(broadcast, estimate_hash, now=now)
            broadcast.scheduled_at = at
            lift_pause(broadcast, now=now)
            save(broadcast)
        else:
            require_estimate(broadcast, estimate_hash, now=now)
            launch_at(broadcast, at=at, now=now)
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
    """Send now: DRAFT or SCHEDULED → QUEUED; an audience is planned by a task first.

    One that is being sent already is answered as it is. Raises as `schedule` does.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.status in {BroadcastStatus.QUEUED, BroadcastStatus.SENDING}:
            return fresh(broadcast)
        require_estimate(broadcast, estimate_hash, now=now)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            queue(broadcast, now=now)
        else:
            launch(broadcast, at=None, now=now)
    return fresh(broadcast)


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


def finish_planning(*, broadcast_id: UUID, now: datetime) -> None:
    """Plan a broadcast whose `planning_at` is set, hold its credits and move it on.

    A refusal takes it back to a plain DRAFT with the reason. Safe to repeat: one that is being
    planned is not waited for, beat starts it again if that comes to nothing.
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
                _plan_and_hold(broadcast, now=now)
                _move_on(broadcast, at=broadcast.scheduled_at, now=now)
        except (DomainError, DataError) as refusal:
            # Beat starts what stays `planning_at` again: what cannot be stored must not stay so.
            reason = refusal.detail if isinstance(refusal, DomainError) else OUT_OF_RANGE
            Broadcast.objects.filter(pk=broadcast_id).update(
                planning_at=None,
                scheduled_at=None,
                paused_at=None,
                pause_reason="",
                status_reason=reason[:200],
            )


def launch_at(broadcast: Broadcast, *, at: datetime, now: datetime) -> None:
    require_future(at, now)
    launch(broadcast, at=at, now=now)


def launch(broadcast: Broadcast, *, at: datetime | None, now: datetime) -> None:
    """Check all, then plan, hold and move on: recipients at once, an audience by a task."""
    target = BroadcastStatus.QUEUED if at is None else BroadcastStatus.SCHEDULED
    require_move(broadcast, target)
    if broadcast.planning_at is not None:
        raise NotEditable(why_not_editable(broadcast))
    _require_one_source(broadcast)
    content.check_content(broadcast)
    require_working(broadcast)
    require_opening(broadcast=broadcast, now=now)
    require_time_left(broadcast, at=at or now)
    broadcast.scheduled_at = at
    broadcast.status_reason = ""
    if broadcast.audience is None:
        _plan_and_hold(broadcast, now=now)
        _move_on(broadcast, at=at, now=now)
        return
    require_approval_of_audience(broadcast)
    broadcast.planning_at = now
    save(broadcast)
    plan_soon(broadcast_id=broadcast.pk)


def require_time_left(broadcast: Broadcast, *, at: datetime) -> None:
    if broadcast.expires_at is not None and broadcast.expires_at <= at:
        raise InvalidInput(
            "It expires before it would start; give a later time or none.", attr="expires_at"
        )


def _require_one_source(broadcast: Broadcast) -> None:
    has_rows = BroadcastCounters.objects.get(pk=broadcast.pk).total > 0
    if broadcast.audience is not None and has_rows and broadcast.planned_at is None:
        raise InvalidInput("Give recipients or an audience, not both.", attr="audience")
    if broadcast.audience is None and not has_rows:
        raise NoRecipients("Give recipients or an audience first.", attr="recipients")


def _plan_and_hold(broadcast: Broadcast, *, now: datetime) -> None:
    lock_counters(broadcast.pk)
    register_links(broadcast)
    plan = planning.plan(broadcast=broadcast, now=now)
    if broadcast.estimate_hash:
        require_planned_as_estimated(broadcast=broadcast, quoted=broadcast.estimate_hash)
    require_approval(broadcast, recipients=plan.to_send, amount=plan.amount)
    broadcast.hold_revision += 1
    broadcast.planned_at = now
    ledger.hold(
        tenant=broadcast.tenant,
        amount=plan.amount,
        subject=broadcast.subject,
        revision=broadcast.hold_revision,
        actor=str(broadcast.created_by_id or "system"),
        now=now,
    )


def require_estimate(broadcast: Broadcast, quoted: str, *, now: datetime) -> None:
    """At once, where one is quoted; kept, as an audience is planned later. Raises EstimateMoved."""
    if quoted:
        require_unmoved(broadcast=broadcast, quoted=quoted, now=now)
    broadcast.estimate_hash = quoted


def _move_on(broadcast: Broadcast, *, at: datetime | None, now: datetime) -> None:
    if at is None:
        queue(broadcast, now=now)
        return
    broadcast.status = BroadcastStatus.SCHEDULED
    broadcast.planning_at = None
    save(broadcast)


def back_to_draft(broadcast: Broadcast, *, now: datetime) -> None:
    """SCHEDULED → DRAFT: its messages are not charged and its hold is released."""
    moved = move_pending(broadcast, status="PENDING", charge="RELEASED", now=now)
    make_money(
        broadcast=broadcast,
        moved=moved,
        reference=f"r{broadcast.hold_revision}:unscheduled",
        actor="unschedule",
        now=now,
    )
    broadcast.status = BroadcastStatus.DRAFT
    lift_pause(broadcast, now=now)


def require_future(at: datetime, now: datetime) -> None:
    if at <= now:
        raise InvalidInput(
            "This time has passed; give one in the future, or send now.", attr="scheduled_at"
        )


def why_not_editable(broadcast: Broadcast) -> str:
    if broadcast.planning_at is not None:
        return "Its audience is being planned; try again in a moment."
    return f"A broadcast that is {broadcast.status} can no longer be changed."
