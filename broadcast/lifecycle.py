"""What can be done with a broadcast: create, edit, schedule, send, cancel, delete.

Every action locks the broadcast's row first, then its counters, then its messages.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from broadcast import content, planning
from broadcast.enqueueing import plan_soon, run_lane_soon
from broadcast.errors import (
    AlreadyHandedOver,
    BroadcastNotFound,
    IllegalMove,
    NoRecipients,
    NotEditable,
    ReferenceTaken,
)
from broadcast.models import Broadcast, BroadcastCounters, Lane
from broadcast.moves import Moved, lock_counters, make_money, move
from broadcast.planning import RecipientRef
from broadcast.states import BROADCAST_MOVES, EDITABLE, BroadcastStatus
from tenants.errors import DomainError, InvalidInput
from tenants.models import Tenant, User
from wallet import ledger

WITHOUT_A_NEW_PLAN = frozenset({"name", "reference", "scheduled_at"})
"""Fields that say nothing about what is sent to whom."""


def create(
    *,
    tenant: Tenant,
    actor: User | None,
    fields: Mapping[str, Any],
    recipients: Sequence[RecipientRef] | None,
    now: datetime,
) -> Broadcast:
    """A new DRAFT; SCHEDULED where `fields` holds `scheduled_at`. Raises as `schedule` does."""
    values = dict(fields)
    scheduled_at = values.pop("scheduled_at", None)
    broadcast = Broadcast(tenant=tenant, created_by=actor, **values)
    with transaction.atomic():
        _save_new(broadcast)
        BroadcastCounters.objects.create(broadcast=broadcast)
        if recipients is not None:
            planning.set_recipients(broadcast=broadcast, recipients=recipients, now=now)
            broadcast.save(update_fields=("duplicates_removed",))
        if scheduled_at is not None:
            _schedule(broadcast, at=scheduled_at, now=now)
    return _fresh(broadcast)


def edit(
    *,
    tenant: Tenant,
    broadcast_id: UUID,
    fields: Mapping[str, Any],
    recipients: Sequence[RecipientRef] | None,
    now: datetime,
) -> Broadcast:
    """Change a DRAFT or SCHEDULED broadcast; `recipients` None keeps them.

    A SCHEDULED one is planned and held anew; `scheduled_at` None unschedules it. Raises
    NotEditable, and whatever scheduling it raises: then nothing is changed.
    """
    with transaction.atomic():
        broadcast = _locked(tenant, broadcast_id)
        if broadcast.status not in EDITABLE or broadcast.planning_at is not None:
            raise NotEditable(_why_not_editable(broadcast))
        values = dict(fields)
        at = values.pop("scheduled_at", broadcast.scheduled_at)
        changed = {name for name, value in values.items() if getattr(broadcast, name) != value}
        for name in changed:
            setattr(broadcast, name, values[name])
        replan = recipients is not None or bool(changed - WITHOUT_A_NEW_PLAN)
        was_scheduled = broadcast.status == BroadcastStatus.SCHEDULED
        if was_scheduled and (replan or at is None):
            _back_to_draft(broadcast, now=now)
        if replan:
            broadcast.template = None
        broadcast.scheduled_at = None if broadcast.status == BroadcastStatus.DRAFT else at
        if recipients is not None:
            planning.set_recipients(broadcast=broadcast, recipients=recipients, now=now)
        _save(broadcast)
        if at is not None and (broadcast.status == BroadcastStatus.DRAFT):
            _schedule(broadcast, at=at, now=now)
        elif at is not None and "scheduled_at" in fields:
            _require_future(at, now)
    return _fresh(broadcast)


def schedule(*, tenant: Tenant, broadcast_id: UUID, at: datetime, now: datetime) -> Broadcast:
    """DRAFT → SCHEDULED at a time to come; an audience is planned by a task first.

    Raises InvalidInput (attr names the field), NoRecipients, NoSender, TemplateNotUsable,
    InsufficientCredit, IllegalMove.
    """
    with transaction.atomic():
        broadcast = _locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            _require_future(at, now)
            broadcast.scheduled_at = at
            broadcast.save(update_fields=("scheduled_at", "updated_at"))
        else:
            _schedule(broadcast, at=at, now=now)
    return _fresh(broadcast)


def unschedule(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> Broadcast:
    """SCHEDULED → DRAFT; its credits are released. A DRAFT stays what it is."""
    with transaction.atomic():
        broadcast = _locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            _back_to_draft(broadcast, now=now)
            broadcast.scheduled_at = None
            _save(broadcast)
        elif broadcast.status != BroadcastStatus.DRAFT:
            raise IllegalMove(f"A broadcast that is {broadcast.status} cannot be unscheduled.")
        elif broadcast.planning_at is not None:
            broadcast.planning_at = broadcast.scheduled_at = None
            _save(broadcast)
    return _fresh(broadcast)


def send(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> Broadcast:
    """Send now: DRAFT or SCHEDULED → QUEUED; an audience is planned by a task first.

    One that is being sent already is answered as it is. Raises as `schedule` does.
    """
    with transaction.atomic():
        broadcast = _locked(tenant, broadcast_id)
        if broadcast.status in {BroadcastStatus.QUEUED, BroadcastStatus.SENDING}:
            return _fresh(broadcast)
        if broadcast.status == BroadcastStatus.SCHEDULED:
            queue(broadcast, now=now)
        else:
            _launch(broadcast, at=None, now=now)
    return _fresh(broadcast)


def cancel(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> Broadcast:
    """Stop for good: what was not handed over is CANCELLED and its credits are released."""
    with transaction.atomic():
        broadcast = _locked(tenant, broadcast_id)
        if broadcast.status == BroadcastStatus.CANCELLED:
            return _fresh(broadcast)
        _require_move(broadcast, BroadcastStatus.CANCELLED)
        moved = _move_pending(broadcast, status="CANCELLED", charge="RELEASED", now=now)
        make_money(broadcast=broadcast, moved=moved, reference="cancel", actor="cancel", now=now)
        Lane.objects.filter(broadcast=broadcast).update(next_batch_at=None)
        broadcast.status = BroadcastStatus.CANCELLED
        broadcast.planning_at = None
        broadcast.cancelled_at = now
        broadcast.finished_at = now
        _save(broadcast)
    return _fresh(broadcast)


def delete(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> None:
    """Remove a broadcast of which nothing was ever handed over. Raises AlreadyHandedOver."""
    with transaction.atomic():
        broadcast = _locked(tenant, broadcast_id)
        counters = BroadcastCounters.objects.select_for_update().get(broadcast=broadcast)
        removable = broadcast.status in {*EDITABLE, BroadcastStatus.CANCELLED}
        touched = counters.handed_over or counters.sending or counters.unknown or counters.failed
        if not removable or touched:
            raise AlreadyHandedOver(
                "Only a broadcast of which nothing was handed over can be deleted; "
                "cancel it instead."
            )
        if broadcast.status == BroadcastStatus.SCHEDULED:
            _back_to_draft(broadcast, now=now)
        broadcast.delete()


def queue(broadcast: Broadcast, *, now: datetime) -> None:
    """→ QUEUED, with its lanes; the caller holds its lock and has planned it."""
    _require_move(broadcast, BroadcastStatus.QUEUED)
    broadcast.status = BroadcastStatus.QUEUED
    broadcast.queued_at = now
    broadcast.planning_at = None
    _save(broadcast)
    lanes = broadcast.sender.lanes if broadcast.sender else 1
    made = Lane.objects.bulk_create(
        Lane(broadcast=broadcast, n=n, next_batch_at=now) for n in range(1, lanes + 1)
    )
    for lane in made:
        run_lane_soon(lane_id=lane.pk)


def finish_planning(*, broadcast_id: UUID, now: datetime) -> None:
    """Plan a broadcast whose `planning_at` is set, hold its credits and move it on.

    A refusal takes it back to a plain DRAFT with the reason. Safe to repeat.
    """
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.select_for_update(of=("self",), no_key=True)
            .select_related("tenant", "sender", "template")
            .filter(pk=broadcast_id, planning_at__isnull=False, status=BroadcastStatus.DRAFT)
            .first()
        )
        if broadcast is None:
            return
        try:
            with transaction.atomic():
                _plan_and_hold(broadcast, now=now)
                _move_on(broadcast, at=broadcast.scheduled_at, now=now)
        except DomainError as refusal:
            Broadcast.objects.filter(pk=broadcast_id).update(
                planning_at=None, scheduled_at=None, status_reason=refusal.detail[:200]
            )


def _schedule(broadcast: Broadcast, *, at: datetime, now: datetime) -> None:
    _require_future(at, now)
    _launch(broadcast, at=at, now=now)


def _launch(broadcast: Broadcast, *, at: datetime | None, now: datetime) -> None:
    """Check all, then plan, hold and move on: recipients at once, an audience by a task."""
    target = BroadcastStatus.QUEUED if at is None else BroadcastStatus.SCHEDULED
    _require_move(broadcast, target)
    if broadcast.planning_at is not None:
        raise NotEditable(_why_not_editable(broadcast))
    _require_one_source(broadcast)
    content.check(broadcast)
    broadcast.scheduled_at = at
    broadcast.status_reason = ""
    if broadcast.audience is None:
        _plan_and_hold(broadcast, now=now)
        _move_on(broadcast, at=at, now=now)
        return
    broadcast.planning_at = now
    _save(broadcast)
    plan_soon(broadcast_id=broadcast.pk)


def _require_one_source(broadcast: Broadcast) -> None:
    has_rows = BroadcastCounters.objects.get(pk=broadcast.pk).total > 0
    if broadcast.audience is not None and has_rows and broadcast.planned_at is None:
        raise InvalidInput("Give recipients or an audience, not both.", attr="audience")
    if broadcast.audience is None and not has_rows:
        raise NoRecipients("Give recipients or an audience first.", attr="recipients")


def _plan_and_hold(broadcast: Broadcast, *, now: datetime) -> None:
    lock_counters(broadcast.pk)
    content.register_links(broadcast)
    plan = planning.plan(broadcast=broadcast, now=now)
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


def _move_on(broadcast: Broadcast, *, at: datetime | None, now: datetime) -> None:
    if at is None:
        queue(broadcast, now=now)
        return
    broadcast.status = BroadcastStatus.SCHEDULED
    broadcast.planning_at = None
    _save(broadcast)


def _back_to_draft(broadcast: Broadcast, *, now: datetime) -> None:
    """SCHEDULED → DRAFT: its messages are not charged and its hold is released."""
    moved = _move_pending(broadcast, status="PENDING", charge="RELEASED", now=now)
    make_money(
        broadcast=broadcast,
        moved=moved,
        reference=f"r{broadcast.hold_revision}:unscheduled",
        actor="unschedule",
        now=now,
    )
    broadcast.status = BroadcastStatus.DRAFT


MOVE_PENDING = """--UPDATE--
UPDATE broadcast_broadcastmessage m
SET status = %(status)s, status_at = %(now)s, next_attempt_at = NULL,
    charge_state = CASE WHEN m.charge_state = 'HELD' THEN %(charge)s ELSE m.charge_state END
WHERE m.broadcast_id = %(broadcast)s AND m.status = 'PENDING'
"""


def _move_pending(broadcast: Broadcast, *, status: str, charge: str, now: datetime) -> Moved:
    lock_counters(broadcast.pk)
    return move(
        broadcast_id=broadcast.pk,
        update=MOVE_PENDING,
        params={"status": status, "charge": charge, "now": now},
    )


def _fresh(broadcast: Broadcast) -> Broadcast:
    """As the database has it: the counters were changed by SQL."""
    return Broadcast.objects.select_related("tenant", "sender", "template", "counters").get(
        pk=broadcast.pk
    )


def _locked(tenant: Tenant, broadcast_id: UUID) -> Broadcast:
    found = (
        Broadcast.objects.for_tenant(tenant)
        .select_for_update(of=("self",), no_key=True)
        .select_related("tenant", "sender", "template", "counters")
        .filter(pk=broadcast_id)
        .first()
    )
    if found is None:
        raise BroadcastNotFound("There is no such broadcast.")
    return found


def _require_move(broadcast: Broadcast, to: BroadcastStatus) -> None:
    if to not in BROADCAST_MOVES[BroadcastStatus(broadcast.status)]:
        raise IllegalMove(
            f"A broadcast that is {broadcast.status} cannot become {to.value}.",
            data={"status": broadcast.status},
        )


def _require_future(at: datetime, now: datetime) -> None:
    if at <= now:
        raise InvalidInput(
            "This time has passed; give one in the future, or send now.", attr="scheduled_at"
        )


def _why_not_editable(broadcast: Broadcast) -> str:
    if broadcast.planning_at is not None:
        return "Its audience is being planned; try again in a moment."
    return f"A broadcast that is {broadcast.status} can no longer be changed."


def _save(broadcast: Broadcast) -> None:
    try:
        with transaction.atomic():
            broadcast.save()
    except IntegrityError as error:
        raise _reference_taken(broadcast, error) from error


def _save_new(broadcast: Broadcast) -> None:
    try:
        with transaction.atomic():
            broadcast.save(force_insert=True)
    except IntegrityError as error:
        raise _reference_taken(broadcast, error) from error


def _reference_taken(broadcast: Broadcast, error: IntegrityError) -> Exception:
    if "broadcast_reference_once_per_tenant" not in str(error):
        return error
    return ReferenceTaken(
        f"Another broadcast has the reference {broadcast.reference}.", attr="reference"
    )
