"""Celery's way in to what providers told us."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from inbound.applying.acknowledging import acknowledge as acknowledge_press
from inbound.applying.aliases import purge_aliases
from inbound.applying.applying import apply_block, newest_stored
from inbound.applying.parking import apply_parked
from inbound.applying.purging import purge_events

MAX_BLOCKS = 50
"""A run's length; what is left is the next run's."""


# Safe twice: events are locked, and receipts are monotonic.
@shared_task
def apply_events() -> None:
    """What was there when it began. To go on with what comes meanwhile, event by event, would lock
    the counters that sending waits for as often as there are events."""
    newest = newest_stored()
    for _ in range(MAX_BLOCKS):
        if newest is None or apply_block(now=timezone.now(), up_to=newest) == 0:
            return


# Safe twice: receipts are monotonic.
@shared_task
def retry_parked() -> None:
    apply_parked(now=timezone.now())


# Safe twice: it deletes what is old.
@shared_task
def purge() -> None:
    purge_events(now=timezone.now())
    purge_aliases(now=timezone.now())


# Safe twice: an answered query is answered again, which changes nothing.
@shared_task
def acknowledge(*, sender_id: str, token: str) -> None:
    acknowledge_press(sender_id=UUID(sender_id), token=token)
