"""Celery tasks that apply, retry and delete provider events."""

from uuid import UUID

from celery import shared_task

from inbound.applying import acknowledging
from inbound.applying.aliases import purge_aliases
from inbound.applying.applying import apply_block
from inbound.applying.due_events import newest_stored
from inbound.applying.parking import apply_parked
from inbound.applying.purging import purge_events
from postgres import clock

MAX_BLOCKS = 50
"""Limits the length of a run; the next run takes the rest."""


# Safe twice: events are locked, and receipts are monotonic.
@shared_task
def apply_events() -> None:
    """Apply the events that were stored when the run began.

    Later events wait for the next run and share its blocks. Applied one by one as they come, each
    would lock the counters that sending needs.
    """
    newest = newest_stored()
    for _ in range(MAX_BLOCKS):
        if newest is None or apply_block(now=clock.now(), up_to=newest) == 0:
            return


# Safe twice: receipts are monotonic.
@shared_task
def retry_parked() -> None:
    apply_parked(now=clock.now())


# Safe twice: it deletes only old rows.
@shared_task
def purge() -> None:
    purge_events(now=clock.now())
    purge_aliases(now=clock.now())


# Safe twice: an answered query is answered again, which changes nothing.
@shared_task
def acknowledge(*, sender_id: str, token: str) -> None:
    acknowledging.acknowledge(sender_id=UUID(sender_id), token=token)
