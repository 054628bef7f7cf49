"""What pauses a broadcast by itself: a template that was stopped, a tenant that was deactivated."""

from datetime import datetime

from broadcast.control.pausing import pause_all
from broadcast.models import Broadcast
from broadcast.states import BroadcastStatus
from templates_wa.models import TemplateStatus

GOING = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING)
TENANT_IS_INACTIVE = "The tenant is not active."


def pause_for_templates(*, now: datetime) -> int:
    """Pause what is being sent with a template that is not APPROVED any more; how many were.

    It looks at rows, so it does not matter who found out: a webhook, a sync, a user.
    """
    stopped = (
        Broadcast.objects.filter(status__in=GOING, paused_at=None, template__isnull=False)
        .exclude(template__status=TemplateStatus.APPROVED)
        .values_list("pk", "template__name", "template__status", "template__rejection_reason")
    )
    paused = 0
    for broadcast_id, name, status, reason in stopped:
        said = f"Template {name} is {status}" + (f": {reason}" if reason else ".")
        paused += pause_all(broadcast_ids=[broadcast_id], reason=said, now=now)
    return paused


def pause_for_tenants(*, now: datetime) -> int:
    """Pause what inactive tenants are sending, as nobody of them can; how many broadcasts were."""
    theirs = Broadcast.objects.ongoing().filter(tenant__is_active=False, paused_at=None)
    return pause_all(
        broadcast_ids=theirs.values_list("pk", flat=True), reason=TENANT_IS_INACTIVE, now=now
    )
