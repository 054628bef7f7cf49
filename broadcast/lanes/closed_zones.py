"""In which time zones a broadcast's send windows are closed now, and until when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connection

from api.errors import InvalidInput
from broadcast.models import Broadcast
from channels.models import Sender
from tenants.models import Tenant
from tenants.send_windows import SendWindow, next_opening, read_send_window

CHECK_AGAIN_AFTER = timedelta(hours=1)
"""The longest sleep of a lane, and the wait of recipients whose windows never open: after it, the
windows are read again, because a user may have changed them."""

log = structlog.get_logger(__name__)

ZONES = """
-- A loose index scan: one step of the index per zone, however many contacts there are.
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
    """`until` maps each zone of recipients to its next opening, or to None if it is open.

    The zone '' stands for recipients whose zone is not known. `everywhere` is the first opening if
    every zone is closed, else None.
    """

    until: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def everywhere(self) -> datetime | None:
        times = [until for until in self.until.values() if until is not None]
        return min(times) if times and len(times) == len(self.until) else None

    @property
    def unknown_until(self) -> datetime | None:
        return self.until.get("")


NONE_CLOSED = ClosedZones()


def never_opens(*, broadcast: Broadcast, now: datetime) -> bool:
    """Whether the windows of tenant, sender and broadcast are never open at the same time."""
    windows = _windows(broadcast, broadcast.sender)
    zone = broadcast.tenant.time_zone
    return bool(windows) and next_opening(windows, at=now, default_zone=zone) is None


def closed_zones(*, broadcast: Broadcast, sender: Sender, now: datetime) -> ClosedZones:
    """The zones closed by the windows of tenant, sender and broadcast; no SQL if there are none."""
    tenant = broadcast.tenant
    try:
        windows = _windows(broadcast, sender)
    except InvalidInput:
        # Only a manual change in the database can cause this. Sending at any time would be wrong.
        log.exception("send_window_unreadable", broadcast=str(broadcast.pk))
        return ClosedZones({"": now + CHECK_AGAIN_AFTER})
    if not windows:
        return NONE_CLOSED
    zones = ["", *_zones_of(tenant)]
    return ClosedZones({zone: _closed_until(windows, tenant, zone, now) for zone in zones})


def _windows(broadcast: Broadcast, sender: Sender | None) -> list[SendWindow]:
    stored = (broadcast.tenant.send_window, sender and sender.send_window, broadcast.send_window)
    return [window for value in stored if (window := read_send_window(value))]


def _closed_until(
    windows: list[SendWindow], tenant: Tenant, zone: str, now: datetime
) -> datetime | None:
    opens = next_opening(windows, at=now, default_zone=tenant.time_zone, own_zone=zone)
    if opens is None:
        return now + CHECK_AGAIN_AFTER
    return None if opens <= now else opens


def _zones_of(tenant: Tenant) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(ZONES, {"tenant": tenant.pk})
        return [zone for (zone,) in cursor.fetchall()]
