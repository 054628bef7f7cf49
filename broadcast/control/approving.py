"""Approval by a second person, which a tenant may require above a size or an amount."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from broadcast.content.checking import current_defaults, take_defaults
from broadcast.errors import NotEditable, OwnApproval
from broadcast.models import Broadcast
from broadcast.moves.broadcasts import fresh, locked
from broadcast.planning import audience
from broadcast.states import EDITABLE, BroadcastStatus
from tenants.models import Tenant, User

APPROVAL = ("approved_by", "approved_at", "approved_recipients", "default_params")


def approve(*, tenant: Tenant, broadcast_id: UUID, actor: User, now: datetime) -> Broadcast:
    """Approve a broadcast as it stands; a change of its content or audience clears the approval.

    If the broadcast is approved already and its audience has not grown, nothing changes. Raises
    OwnApproval, NotEditable.
    """
    with transaction.atomic():
        broadcast = locked(tenant, broadcast_id)
        size = audience_size(broadcast)
        if broadcast.status == BroadcastStatus.DRAFT:
            take_defaults(broadcast, current_defaults(broadcast))
        if is_approved(broadcast, recipients=size or 0):
            return fresh(broadcast)
        if broadcast.status not in EDITABLE or broadcast.planning_at is not None:
            raise NotEditable(f"A broadcast that is {broadcast.status} needs no approval any more.")
        if actor.pk in {broadcast.created_by_id, broadcast.edited_by_id, *broadcast.authors}:
            raise OwnApproval("You wrote this; somebody else has to approve it.")
        broadcast.approved_by, broadcast.approved_at = actor, now
        broadcast.approved_recipients = size
        broadcast.save(update_fields=(*APPROVAL, "updated_at"))
    return fresh(broadcast)


def is_approved(broadcast: Broadcast, *, recipients: int) -> bool:
    """An approval holds for at most `approved_recipients`: an audience may have grown since."""
    if broadcast.approved_at is None:
        return False
    approved = broadcast.approved_recipients
    return approved is None or recipients <= approved


def audience_size(broadcast: Broadcast) -> int | None:
    """The audience's present size; None for named recipients: changing them clears the approval."""
    if broadcast.audience is None:
        return None
    members, params = audience.condition(tenant=broadcast.tenant, audience=broadcast.audience)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM contacts_contact c WHERE {members}", params)
        return int(cursor.fetchone()[0])
