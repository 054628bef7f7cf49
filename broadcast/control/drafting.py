"""Creates, edits and deletes a broadcast before it is sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from api.errors import InvalidInput
from broadcast.content import registered
from broadcast.control.launching import back_to_draft, launch_at
from broadcast.control.preconditions import (
    require_consistent,
    require_editable,
    require_future,
    require_later_end,
    require_opening,
    require_time_left,
)
from broadcast.errors import AlreadyHandedOver, IsAFurtherTry
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.moves.broadcasts import fresh, locked, save, save_new
from broadcast.planning import plan as planning
from broadcast.planning.plan import RecipientRef
from broadcast.states import EDITABLE, BroadcastStatus
from tenants.models import Tenant, User

WITHOUT_A_NEW_PLAN = frozenset({"name", "reference", "scheduled_at", "expires_at", "send_window"})
"""Fields whose change leaves content and audience as they are."""
PAUSE = ("paused_at", "pause_reason", "resumed_at")


def create(
    *,
    tenant: Tenant,
    actor: User | None,
    fields: Mapping[str, Any],
    recipients: Sequence[RecipientRef] | None,
    now: datetime,
) -> Broadcast:
    """A new DRAFT; SCHEDULED if `fields` holds `scheduled_at`. Raises as `schedule` does."""
    values = dict(fields)
    scheduled_at = values.pop("scheduled_at", None)
    broadcast = Broadcast(tenant=tenant, created_by=actor, **values)
    require_consistent(broadcast, names_recipients=bool(recipients))
    require_later_end(broadcast, now=now)
    _check_names(broadcast)
    with transaction.atomic():
        save_new(broadcast)
        BroadcastCounters.objects.create(broadcast=broadcast)
        if recipients is not None:
            planning.set_recipients(broadcast=broadcast, recipients=recipients, now=now)
            broadcast.save(update_fields=("duplicates_removed",))
        if scheduled_at is not None:
            launch_at(broadcast, at=scheduled_at, now=now)
    return fresh(broadcast)


def edit(
    *,
    tenant: Tenant,
    broadcast_id: UUID,
    fields: Mapping[str, Any],
    recipients: Sequence[RecipientRef] | None,
    now: datetime,
    actor: User | None = None,
) -> Broadcast:
    """Change a DRAFT or SCHEDULED broadcast; `recipients` None keeps them.

    A change of content or audience clears the approval. A SCHEDULED broadcast is planned and held
    again; `scheduled_at` None unschedules it. Raises NotEditable and what `schedule` raises, with
    nothing changed.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        require_editable(broadcast)
        values = dict(fields)
        _require_its_recipients(broadcast, values, recipients)
        at = values.pop("scheduled_at", broadcast.scheduled_at)
        had_audience = broadcast.audience is not None
        changed = _set(broadcast, values)
        if recipients is None and had_audience and broadcast.audience is None:
            recipients = ()  # the rows that were planned from the audience go with it
        _check_consistent(broadcast, recipients, changed, had_audience=had_audience, now=now)
        replan = recipients is not None or bool(changed - WITHOUT_A_NEW_PLAN)
        was_scheduled = broadcast.status == BroadcastStatus.SCHEDULED
        pause = {name: getattr(broadcast, name) for name in PAUSE}
        if was_scheduled and (replan or at is None):
            back_to_draft(broadcast, now=now)
        if replan:
            _take_back(broadcast, actor)
        broadcast.scheduled_at = None if broadcast.status == BroadcastStatus.DRAFT else at
        if recipients is not None:
            planning.set_recipients(broadcast=broadcast, recipients=recipients, now=now)
        save(broadcast)
        if at is not None and (broadcast.status == BroadcastStatus.DRAFT):
            launch_at(broadcast, at=at, now=now)
            if was_scheduled:
                _keep(broadcast, pause)
        elif at is not None:
            _check_times(broadcast, at=at, fields=fields, changed=changed, now=now)
    return fresh(broadcast)


def _check_consistent(
    broadcast: Broadcast,
    recipients: Sequence[RecipientRef] | None,
    changed: set[str],
    *,
    had_audience: bool,
    now: datetime,
) -> None:
    """Checks the fields as they are after the change."""
    names_recipients = bool(recipients)
    if recipients is None and "audience" in changed and not had_audience:
        names_recipients = BroadcastCounters.objects.get(pk=broadcast.pk).total > 0
    require_consistent(broadcast, names_recipients=names_recipients)
    if "expires_at" in changed:
        require_later_end(broadcast, now=now)
    _check_names(broadcast)


def _take_back(broadcast: Broadcast, actor: User | None) -> None:
    """Clear what was decided on the earlier content: its template and its approval."""
    broadcast.template = None
    _sign(broadcast, actor)
    broadcast.withdraw_approval()


def _keep(broadcast: Broadcast, pause: Mapping[str, Any]) -> None:
    """Editing a paused broadcast keeps the pause, also while its audience is planned again."""
    _set(broadcast, pause)
    broadcast.save(update_fields=(*PAUSE, "updated_at"))


def _check_times(
    broadcast: Broadcast,
    *,
    at: datetime,
    fields: Mapping[str, Any],
    changed: set[str],
    now: datetime,
) -> None:
    """A broadcast that stays SCHEDULED must still pass the launch's time checks."""
    if "scheduled_at" in fields:
        require_future(at, now)
    if "send_window" in changed:
        require_opening(broadcast, now=now)
    if "scheduled_at" in fields or "expires_at" in changed:
        require_time_left(broadcast, at=max(at, now))


def _check_names(broadcast: Broadcast) -> None:
    """Check variable names already in a draft: a text may be registered before it is launched."""
    if broadcast.sender is not None:
        registered.check_variable_names(broadcast, broadcast.sender)


def _sign(broadcast: Broadcast, actor: User | None) -> None:
    """Adds the editor to the authors. Earlier authors stay: none of them may approve it."""
    if actor is None:
        return
    broadcast.edited_by = actor
    if actor.pk not in broadcast.authors:
        broadcast.authors = [*broadcast.authors, actor.pk]


def _set(broadcast: Broadcast, values: Mapping[str, Any]) -> set[str]:
    """Set the values that differ; returns the names of their fields."""
    changed = {name for name, value in values.items() if getattr(broadcast, name) != value}
    for name in changed:
        setattr(broadcast, name, values[name])
    return changed


def _require_its_recipients(
    broadcast: Broadcast, values: Mapping[str, Any], recipients: Sequence[RecipientRef] | None
) -> None:
    """Raises InvalidInput for new recipients of a retry or fallback: they come from its parent."""
    if broadcast.parent_id is None:
        return
    for name, value in (("recipients", recipients), ("audience", values.get("audience"))):
        if value is not None:
            raise InvalidInput("Its recipients are some of its parent's.", attr=name)


def delete(*, tenant: Tenant, broadcast_id: UUID, now: datetime) -> None:
    """Delete a broadcast none of whose messages was ever handed over.

    Raises AlreadyHandedOver, IsAFurtherTry.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        if broadcast.parent_id is not None:
            raise IsAFurtherTry(
                "Its messages say that these recipients were tried again; cancel it instead.",
                data={"parent": str(broadcast.parent_id)},
            )
        counters = BroadcastCounters.objects.select_for_update().get(broadcast=broadcast)
        removable = broadcast.status in {*EDITABLE, BroadcastStatus.CANCELLED}
        touched = counters.handed_over or counters.sending or counters.unknown or counters.failed
        # A message whose answer was lost may have been CANCELLED while it waited for its retry.
        touched = touched or broadcast.messages.filter(attempts__gt=0).exists()
        if not removable or touched:
            raise AlreadyHandedOver(
                "Only a broadcast of which nothing was handed over can be deleted; "
                "cancel it instead."
            )
        if broadcast.status == BroadcastStatus.SCHEDULED:
            back_to_draft(broadcast, now=now)
        broadcast.delete()
