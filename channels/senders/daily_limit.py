"""Counts a sender's daily limit, in PostgreSQL, because a flush of Redis would forget it.

A day begins at midnight in the tenant's time zone. A message counts once it is taken, whatever its
outcome.
"""

from datetime import UTC, datetime, time, timedelta, tzinfo

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from channels.models import Sender, SenderDay
from tenants.send_windows import zone_named

TAKE = """
-- One statement, so that any number of workers can take from the same row. If the limit was lowered
-- below what is taken, nothing is granted and nothing is taken back.
INSERT INTO channels_senderday AS d (sender_id, day, taken)
VALUES (%(sender)s, %(day)s, least(%(wanted)s, %(limit)s))
ON CONFLICT (sender_id, day) DO UPDATE
SET taken = greatest(d.taken, least(d.taken + %(wanted)s, %(limit)s))
RETURNING new.taken - coalesce(old.taken, 0)
"""


def take(*, sender: Sender, wanted: int, now: datetime) -> int:
    """Take up to `wanted` messages from the day's limit; returns how many were granted."""
    if sender.daily_limit is None or not wanted:
        return wanted
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "sender": sender.pk,
                "day": _local(sender, now).date(),
                "wanted": wanted,
                "limit": sender.daily_limit,
            },
        )
        granted: int = cursor.fetchone()[0]
    return granted


def give_back(*, sender: Sender, unused: int, now: datetime) -> None:
    """Give back messages that were taken and then deferred for another cause."""
    if sender.daily_limit is not None:
        SenderDay.objects.filter(sender=sender, day=_local(sender, now).date()).update(
            taken=Greatest(F("taken") - unused, 0)
        )


def next_day(sender: Sender, *, now: datetime) -> datetime:
    """When the next day begins in the tenant's time zone."""
    tomorrow = _local(sender, now).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=_zone(sender))


def _local(sender: Sender, now: datetime) -> datetime:
    return now.astimezone(_zone(sender))


def _zone(sender: Sender) -> tzinfo:
    return zone_named(sender.tenant.time_zone) or UTC
