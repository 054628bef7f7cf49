"""All actions on a broadcast, for their callers: the API, the admin, tasks and the demo.

Every action locks the broadcast's row first, then its counters, then its messages.
"""

from broadcast.control.approving import approve
from broadcast.control.cancelling import cancel
from broadcast.control.drafting import create, delete, edit
from broadcast.control.launching import finish_planning, queue, schedule, send, unschedule
from broadcast.control.pausing import pause, resume
from broadcast.followup.resolving import resolve_unknown
from broadcast.followup.retrying import retry_failed

__all__ = (
    "approve",
    "cancel",
    "create",
    "delete",
    "edit",
    "finish_planning",
    "pause",
    "queue",
    "resolve_unknown",
    "resume",
    "retry_failed",
    "schedule",
    "send",
    "unschedule",
)
