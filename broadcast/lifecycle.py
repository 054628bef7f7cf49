"""What can be done with a broadcast, for those who do it: the API, the admin, tasks and the demo.

Every action locks the broadcast's row first, then its counters, then its messages.
"""

from broadcast.cancelling import cancel
from broadcast.drafting import create, delete, edit
from broadcast.launching import finish_planning, queue, schedule, send, unschedule
from broadcast.pausing import pause, resume

__all__ = (
    "cancel",
    "create",
    "delete",
    "edit",
    "finish_planning",
    "pause",
    "queue",
    "resume",
    "schedule",
    "send",
    "unschedule",
)
