"""Acknowledges a pressed button to its provider; until then the recipient's app waits."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction

from channels.http.asking import ProviderRefused, ProviderUnreachable, ask
from channels.models import Sender
from channels.port.adapter import AcknowledgingAdapter
from channels.port.events import Reply
from channels.providers.registry import adapter_for

MAX_AGE = timedelta(minutes=1)
"""Older presses are not acknowledged: no app waits that long, and replays call no provider."""
TIMEOUT = 10.0
"""Seconds for the provider's answer."""
FIRST_ERROR_STATUS = 400

log = structlog.get_logger(__name__)


def acknowledge_soon(*, sender: Sender | None, reply: Reply, now: datetime) -> None:
    """Start a task once the reply is committed: no provider is called inside a transaction."""
    if not reply.acknowledge or sender is None or now - reply.at > MAX_AGE:
        return
    start_task = partial(
        current_app.send_task,
        # By name: importing inbound.tasks here would be a circular import.
        "inbound.tasks.acknowledge",
        kwargs={"sender_id": str(sender.pk), "token": reply.acknowledge},
        expires=MAX_AGE.total_seconds(),
    )
    transaction.on_commit(start_task, robust=True)


def acknowledge(*, sender_id: UUID, token: str) -> bool:
    """True if the provider accepted it. Never retried: the button stops waiting by itself."""
    sender = Sender.objects.filter(pk=sender_id).first()
    if sender is None or not settings.SENDING_ENABLED:
        return False
    adapter = adapter_for(sender.provider)
    if not isinstance(adapter, AcknowledgingAdapter):
        return False
    request = partial(adapter.acknowledge_request, sender.account(), token)
    try:
        status = ask(request, timeout=TIMEOUT).status
    except (ProviderUnreachable, ProviderRefused) as error:
        log.warning("press_not_acknowledged", sender=str(sender_id), code=error.code)
        return False
    is_accepted = status < FIRST_ERROR_STATUS
    if not is_accepted:
        log.warning("press_not_acknowledged", sender=str(sender_id), status=status)
    return is_accepted
