"""`/r/{code}/`: finds the URL of a short link and records the click."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import OperationalError, connection, transaction

from postgres.ids import new_id
from postgres.passing_errors import is_lock_timeout
from postgres.put_aside import PutAside
from tracking.links import decode
from tracking.models import Click, TrackedURL

PREVIEWERS = (
    "whatsapp",
    "telegrambot",
    "facebookexternalhit",
    "twitterbot",
    "slackbot",
    "linkedinbot",
    "discordbot",
    "googlebot",
    "bingbot",
)
"""Programs that fetch a link to preview it. Their requests are not a recipient's clicks."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a short link stands for: its URL and the message that carries it."""

    url: TrackedURL
    message_id: UUID


def open_link(code: str) -> Link | None:
    """The link of a code; None if the code is unknown."""
    decoded = decode(code)
    if decoded is None:
        return None
    token, position = decoded
    url = TrackedURL.objects.filter(broadcast__messages__token=token, position=position).first()
    if url is None:
        return None
    message_id = (
        TrackedURL.objects.filter(pk=url.pk, broadcast__messages__token=token)
        .values_list("broadcast__messages__id", flat=True)
        .first()
    )
    return Link(url=url, message_id=message_id) if message_id else None


def is_previewer(user_agent: str) -> bool:
    lower = user_agent.lower()
    return any(name in lower for name in PREVIEWERS)


LOCK_WAIT = 200
"""Milliseconds for which a click waits for each lock."""
MAX_LATER = 10_000
"""Clicks that a process keeps while their broadcasts are locked: some MB."""
_later = PutAside("clicks", most=MAX_LATER)

LOCK = """
SET LOCAL lock_timeout = %(wait)s;
-- The lock serializes the clicks of a broadcast, so that exactly one click is the first.
SELECT FROM broadcast_broadcastcounters WHERE broadcast_id = %(broadcast)s FOR NO KEY UPDATE
"""
COUNT = """
WITH counters AS (
    UPDATE broadcast_broadcastcounters
    SET clicks = clicks + 1, clicked = clicked + %(first_of_message)s
    WHERE broadcast_id = %(broadcast)s
), message AS (
    UPDATE broadcast_broadcastmessage SET clicked = true
    WHERE id = %(message)s AND broadcast_id = %(broadcast)s AND NOT clicked
)
UPDATE tracking_trackedurl
SET clicks = clicks + 1, unique_clicks = unique_clicks + %(first_of_link)s
WHERE id = %(url)s
"""


def record_click(*, link: Link, user_agent: str, now: datetime) -> None:
    """Store the click and count it, in one short transaction.

    If another session keeps a row of the broadcast locked, a thread of this process does it later:
    the recipient does not wait, and clicks hold no thread of the web server.
    """
    record = partial(_record, link=link, user_agent=user_agent, now=now)
    broadcast_id = link.url.broadcast_id
    if broadcast_id in _later:
        _later.add(record, group=broadcast_id)
        return
    try:
        record()
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        _later.add(record, group=broadcast_id)


def _record(*, link: Link, user_agent: str, now: datetime) -> None:
    url = link.url
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, {"wait": f"{LOCK_WAIT}ms", "broadcast": url.broadcast_id})
        earlier_clicks = Click.objects.filter(message_id=link.message_id)
        first_of_message = not earlier_clicks.exists()
        first_of_link = first_of_message or not earlier_clicks.filter(tracked_url=url).exists()
        Click.objects.create(
            id=new_id(),
            tenant_id=url.tenant_id,
            tracked_url=url,
            broadcast_id=url.broadcast_id,
            message_id=link.message_id,
            user_agent=user_agent[:300],
            is_first=first_of_link,
            clicked_at=now,
        )
        cursor.execute(
            COUNT,
            {
                "broadcast": url.broadcast_id,
                "message": link.message_id,
                "url": url.pk,
                "first_of_message": int(first_of_message),
                "first_of_link": int(first_of_link),
            },
        )
