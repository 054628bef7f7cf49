"""Tells a provider that a pressed button has reached us: until then the recipient's app waits."""

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

WITHIN = timedelta(minutes=1)
"""Of the press. Later nobody waits any more, and a replay of old events asks for nothing."""
TIMEOUT = 10.0

log = structlog.get_logger(__name__)


def acknowledge_soon(*, sender: Sender | None, reply: Reply, now: datetime) -> None:
    """Leave it to a task, once the reply is committed: no provider is asked in a transaction."""
    if not reply.acknowledge or sender is None or now - reply.at > WITHIN:
        return
    hint = partial(
        current_app.send_task,
        # By name: the tasks call what calls this.
        "inbound.tasks.acknowledge",
        kwargs={"sender_id": str(sender.pk), "token": reply.acknowledge},
        expires=WITHIN.total_seconds(),
    )
    transaction.on_commit(hint, robust=True)


def acknowledge(*, sender_id: UUID, token: str) -> bool:
    """Whether the provider took it. Not tried again: the button stops waiting by itself."""
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
    if status >= 400:  # noqa: PLR2004 - the answer says nothing that we could act on
        log.warning("press_not_acknowledged", sender=str(sender_id), status=status)
    return status < 400  # noqa: PLR2004
