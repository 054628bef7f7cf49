"""A tenant that was deactivated: nobody of it can stop what is on its way, so it waits."""

from datetime import datetime

from broadcast.control.pausing import pause_all
from broadcast.models import Broadcast

REASON = "The tenant is not active."


def pause_for_tenants(*, now: datetime) -> int:
    """Pause what inactive tenants are sending; how many broadcasts were."""
    theirs = Broadcast.objects.ongoing().filter(tenant__is_active=False, paused_at=None)
    return pause_all(broadcast_ids=theirs.values_list("pk", flat=True), reason=REASON, now=now)
