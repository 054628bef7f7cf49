"""Second ids of messages: Gupshup (WhatsApp) reports some messages by another id later."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from channels.models import ProviderApp
from channels.port.events import Receipt
from inbound.models import MessageAlias

KEPT_FOR = timedelta(days=90)
"""Providers hardly report a READ later than this."""


def store_aliases(*, app: ProviderApp, receipts: Sequence[Receipt], now: datetime) -> None:
    """Store the second ids that these receipts contain. Safe to repeat."""
    ids_by_alias = {
        receipt.alias: receipt.provider_message_id for receipt in receipts if receipt.alias
    }
    if ids_by_alias:
        MessageAlias.objects.bulk_create(
            (
                MessageAlias(app=app, alias=alias, provider_message_id=message_id, created_at=now)
                # Sorted, so that two blocks at once cannot deadlock.
                for alias, message_id in sorted(ids_by_alias.items())
                if len(alias) <= MessageAlias.MAX and len(message_id) <= MessageAlias.MAX
            ),
            ignore_conflicts=True,
        )


def stored_ids(ids: Collection[str], *, app: ProviderApp) -> Mapping[str, str]:
    """The stored ids of messages, by those of these ids that are aliases."""
    aliases = MessageAlias.objects.filter(app=app, alias__in=ids)
    return dict(aliases.values_list("alias", "provider_message_id"))


def purge_aliases(*, now: datetime) -> int:
    """Delete aliases older than KEPT_FOR; returns how many."""
    return MessageAlias.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
