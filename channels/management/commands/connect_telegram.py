"""`manage.py connect_telegram --tenant acme`: registers our webhook for this tenant's bot."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from api.errors import DomainError
from channels.models import Sender
from channels.providers.telegram.adapter import TelegramBot
from channels.senders.connecting_telegram import connect_telegram


class Command(BaseCommand):
    help = (
        "Registers our webhook for a bot at Telegram (setWebhook), with a secret that proves calls."
        " Needs PUBLIC_URL, an https address that Telegram can reach."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="the tenant's slug")
        parser.add_argument("--sender", type=UUID, help="the bot's id, if there are several")

    def handle(self, **options: Any) -> None:
        try:
            connected = connect_telegram(sender_id=_bot(options["tenant"], options["sender"]))
        except DomainError as error:
            raise CommandError(error.detail) from error
        # The address is the tenant's secret; only the operator sees it here.
        self.stdout.write(f"{connected.sender.name}: Telegram calls {connected.webhook_url}")


def _bot(slug: str, sender_id: UUID | None) -> UUID:
    bots = Sender.objects.usable().filter(tenant__slug=slug, provider=TelegramBot.provider)
    if sender_id is not None:
        bots = bots.filter(pk=sender_id)
    matches = list(bots[:10])
    if not matches:
        raise CommandError("There is no active Telegram bot like this. Add it as a sender first.")
    if len(matches) > 1:
        names = ", ".join(f"{bot.name} ({bot.pk})" for bot in matches)
        raise CommandError(f"Several bots: name one with --sender. {names}")
    return matches[0].pk
