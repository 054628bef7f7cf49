"""`manage.py connect_telegram --tenant acme`: Telegram calls us for this tenant's bot."""

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
        "Tells Telegram where to call for a bot (setWebhook), with a secret that proves the calls."
        " Needs PUBLIC_URL, an https address that Telegram can reach."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="its slug")
        parser.add_argument("--sender", type=UUID, help="its id, where the tenant has several bots")

    def handle(self, **options: Any) -> None:
        try:
            done = connect_telegram(sender_id=_bot(options["tenant"], options["sender"]))
        except DomainError as error:
            raise CommandError(error.detail) from error
        # The address is a secret of the tenant's, and shown to nobody but the operator here.
        self.stdout.write(f"{done.sender.name}: Telegram calls {done.webhook_url}")


def _bot(slug: str, sender_id: UUID | None) -> UUID:
    bots = Sender.objects.usable().filter(tenant__slug=slug, provider=TelegramBot.provider)
    if sender_id is not None:
        bots = bots.filter(pk=sender_id)
    found = list(bots[:10])
    if not found:
        raise CommandError("There is no active Telegram bot like this. Add it as a sender first.")
    if len(found) > 1:
        known = ", ".join(f"{bot.name} ({bot.pk})" for bot in found)
        raise CommandError(f"Several bots: name one with --sender. {known}")
    return found[0].pk
