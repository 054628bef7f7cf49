"""Registers our webhook for a bot at Telegram: the bot's own endpoint and a secret."""

import secrets
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import transaction

from api.errors import InvalidInput
from channels.http.asking import ProviderRefused, ask
from channels.models import ProviderApp, Sender
from channels.port.outcomes import OutcomeKind
from channels.providers.telegram.adapter import (
    TelegramBot,
    set_webhook_outcome,
    set_webhook_request,
)

CONNECT_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Connected:
    sender: Sender
    webhook_url: str


def connect_telegram(*, sender_id: UUID) -> Connected:
    """Register this bot's webhook at Telegram. Repeating it changes nothing.

    Raises Sender.DoesNotExist, InvalidInput for another provider's sender, ProviderUnreachable,
    ProviderRefused.
    """
    sender = _with_app(sender_id)
    account, app = sender.account(), sender.app
    if app is None:
        raise TypeError("The sender has no app.")
    request = partial(
        set_webhook_request,
        account,
        url=app.webhook_url,
        secret_token=app.secrets["secret_token"],
    )
    outcome = set_webhook_outcome(ask(request, timeout=CONNECT_TIMEOUT))
    if outcome.kind is not OutcomeKind.ACCEPTED:
        raise ProviderRefused(
            outcome.message, data={"code": outcome.code, "provider_code": outcome.provider_code}
        )
    return Connected(sender, app.webhook_url)


@transaction.atomic
def _with_app(sender_id: UUID) -> Sender:
    """The sender, with an active app of its own: a Telegram update does not name its bot."""
    sender = Sender.objects.select_for_update(of=("self",)).select_related("app").get(pk=sender_id)
    if sender.provider != TelegramBot.provider:
        raise InvalidInput(f"{sender.name} is no Telegram bot.", attr="sender")
    if sender.app is None or sender.app.senders.exclude(pk=sender.pk).exists():
        sender.app = ProviderApp(
            tenant_id=sender.tenant_id,
            provider=sender.provider,
            name=f"{sender.name[:190]} webhook",
        )
    if not sender.app.secrets.get("secret_token"):
        sender.app.secrets = {"secret_token": secrets.token_urlsafe(32)}
    sender.app.is_active = True
    sender.app.save()
    sender.save(update_fields=("app", "updated_at"))
    return sender
