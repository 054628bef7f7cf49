"""Which messages wait for a retry because the platform limits marketing to their recipients."""

from datetime import datetime, timedelta
from typing import Any

from broadcast.error_codes import CAP_CODE
from broadcast.models import Broadcast

WAITS = timedelta(hours=24)
"""Meta's advice for its error 131049: not before 24 hours."""

_RETRIES = """
    FROM broadcast_broadcast b JOIN broadcast_broadcastmessage c
        ON c.broadcast_id = b.id AND c.contact_id = m.contact_id AND c.parent_message_id = m.id
    WHERE b.parent_id = %(broadcast)s AND b.kind = 'RETRY'
"""
_NEXT_AT = f"""
    greatest(coalesce(m.failed_at, m.status_at),
             (SELECT max(coalesce(c.failed_at, c.status_at)) {_RETRIES})) + %(cap_waits)s
"""

RETRY_TO_COME = f"""
-- True where the limit stopped the message `m` and every retry of it, another retry is allowed, and
-- its time comes before the broadcast's end.
(
    %(cap_retries)s > 0 AND m.status = 'FAILED' AND m.error_code = %(cap_code)s
    AND (SELECT count(*) < %(cap_retries)s
                AND coalesce(bool_and(c.status = 'FAILED' AND c.error_code = %(cap_code)s), true)
         {_RETRIES})
    AND (%(expires_at)s::timestamptz IS NULL
         OR greatest({_NEXT_AT}, %(now)s) < %(expires_at)s::timestamptz)
)
"""

RETRY_DUE = f"""
({RETRY_TO_COME} AND {_NEXT_AT} <= %(now)s)
"""


def cap_parameters(parent: Broadcast, *, now: datetime) -> dict[str, Any]:
    """The parameters of RETRY_TO_COME and RETRY_DUE, but for `broadcast`."""
    return {
        "cap_retries": parent.frequency_cap_retries,
        "cap_code": CAP_CODE,
        "cap_waits": WAITS,
        "expires_at": parent.expires_at,
        "now": now,
    }
