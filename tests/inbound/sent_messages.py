"""A message that was sent, so that calls can report on it."""

from typing import Any

from broadcast.models import BroadcastCounters, BroadcastMessage
from tests.factories import BroadcastMessageFactory


def sent_message(**fields: Any) -> BroadcastMessage:
    """A SENT message that is the only one of its broadcast."""
    message: BroadcastMessage = BroadcastMessageFactory.create(status="SENT", **fields)
    BroadcastCounters.objects.filter(broadcast=message.broadcast).update(total=1, sent=1)
    return message
