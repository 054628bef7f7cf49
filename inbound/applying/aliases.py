"""Messages that a provider calls by two ids, and later by the second alone (Gupshup, WhatsApp)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from channels.models import ProviderApp
from channels.port.events import Receipt
from inbound.models import MessageAlias

KEPT_FOR = timedelta(days=90)
"""A message may be read late, but hardly later."""


def remember(*, app: ProviderApp, receipts: Sequence[Receipt], now: datetime) -> None:
    """Keep the second ids that these receipts tell of; safe to repeat."""
    told = {each.alias: each.provider_message_id for each in receipts if each.alias}
    if told:
        MessageAlias.objects.bulk_create(
            (
                MessageAlias(app=app, alias=alias, provider_message_id=known, created_at=now)
                # In one order, so that two blocks at once do not wait for each other in a circle.
                for alias, known in sorted(told.items())
                if len(alias) <= MessageAlias.MAX and len(known) <= MessageAlias.MAX
            ),
            ignore_conflicts=True,
        )


def translated(
    *, app: ProviderApp, receipts: Sequence[Receipt]
) -> tuple[list[Receipt], list[Receipt]]:
    """Receipts under the id that their row keeps, where it is known; and the others."""
    ids = {each.provider_message_id for each in receipts}
    known = dict(
        MessageAlias.objects.filter(app=app, alias__in=ids).values_list(
            "alias", "provider_message_id"
        )
    )
    renamed, others = [], []
    for each in receipts:
        own = known.get(each.provider_message_id)
        if own is None:
            others.append(each)
        else:
            renamed.append(replace(each, provider_message_id=own))
    return renamed, others


def purge_aliases(*, now: datetime) -> int:
    """Delete those older than KEPT_FOR; how many."""
    return MessageAlias.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]
