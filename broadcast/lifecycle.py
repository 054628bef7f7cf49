"""What can be done with a broadcast, for those who do it: the API, the admin, tasks and the demo.

Every action locks the broadcast's row first, then its counters, then its messages.
"""

from broadcast.approving import approve
from broadcast.cancelling import cancel
from broadcast.drafting import create, delete, edit
from broadcast.launching import finish_planning, queue, schedule, send, unschedule
from broadcast.pausing import pause, resume
from broadcast.resolving import resolve_unknown
from broadcast.retrying import retry_failed

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
