"""Where it is too early or too late to write to a broadcast's recipients, and until when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connection

from api.errors import InvalidInput
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.models import Tenant
from tenants.send_windows import SendWindow, next_opening, read_send_window

LOOK_AGAIN = timedelta(hours=1)
"""How long those wait whose windows never open, and how long a lane sleeps at most: somebody may
change the windows."""

log = structlog.get_logger(__name__)

# One step of the index per zone, however many contacts there are.
ZONES = """
WITH RECURSIVE zone AS (
    (SELECT time_zone FROM contacts_contact WHERE tenant_id = %(tenant)s AND time_zone <> ''
     ORDER BY time_zone LIMIT 1)
    UNION ALL
    SELECT (SELECT c.time_zone FROM contacts_contact c
            WHERE c.tenant_id = %(tenant)s AND c.time_zone <> '' AND c.time_zone > zone.time_zone
            ORDER BY c.time_zone LIMIT 1)
    FROM zone WHERE zone.time_zone IS NOT NULL
)
SELECT time_zone FROM zone WHERE time_zone IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class ClosedZones:
    """`until` by zone of the recipients, '' for those of whom it is not known; None: open.

    `everywhere`: until when nobody at all may be written to, None if somebody may be.
    """

    until: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def everywhere(self) -> datetime | None:
        times = [each for each in self.until.values() if each is not None]
        return min(times) if times and len(times) == len(self.until) else None

    @property
    def unknown_until(self) -> datetime | None:
        return self.until.get("")


NONE_CLOSED = ClosedZones()


def require_opening(*, broadcast: Broadcast, now: datetime) -> None:
    """Raises InvalidInput where a broadcast's windows are never open together."""
    windows = _windows(broadcast, broadcast.sender)
    zone = broadcast.tenant.time_zone
    if windows and next_opening(windows, at=now, default_zone=zone) is None:
        raise InvalidInput(
            "The send windows of tenant, sender and broadcast are never open at the same time.",
            attr="send_window",
        )


def closed_zones(*, broadcast: Broadcast, sender: Sender, now: datetime) -> ClosedZones:
    """By the windows of tenant, sender and broadcast together; asks nothing where there is none."""
    tenant = broadcast.tenant
    try:
        windows = _windows(broadcast, sender)
    except InvalidInput:
        # Only by a hand in the database; to send at any time is the one wrong answer.
        log.exception("send_window_unreadable", broadcast=str(broadcast.pk))
        return ClosedZones({"": now + LOOK_AGAIN})
    if not windows:
        return NONE_CLOSED
    zones = ["", *_zones_of(tenant)]
    return ClosedZones({zone: _closed_until(windows, tenant, zone, now) for zone in zones})


def _windows(broadcast: Broadcast, sender: Sender | None) -> list[SendWindow]:
    written = (broadcast.tenant.send_window, sender and sender.send_window, broadcast.send_window)
    return [window for each in written if (window := read_send_window(each))]


def _closed_until(
    windows: list[SendWindow], tenant: Tenant, zone: str, now: datetime
) -> datetime | None:
    opens = next_opening(windows, at=now, default_zone=tenant.time_zone, own_zone=zone)
    if opens is None:
        return now + LOOK_AGAIN
    return None if opens <= now else opens


def _zones_of(tenant: Tenant) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(ZONES, {"tenant": tenant.pk})
        return [zone for (zone,) in cursor.fetchall()]
