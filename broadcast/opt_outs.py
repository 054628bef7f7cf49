"""Recipients whom a provider reports as opted out while we write to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from broadcast.models import Broadcast, BroadcastMessage
from channels.platforms import Platform
from contacts.models import SuppressionScope, SuppressionSource
from contacts.suppressions import suppress_all


def record_opt_outs(*, broadcast: Broadcast, message_ids: Sequence[UUID], now: datetime) -> None:
    """Suppress these messages' addresses on the broadcast's platform.

    WhatsApp's opt-out is from marketing only (Meta's error 131050); a bot that is blocked cannot
    write at all.
    """
    marketing_only = broadcast.platform == Platform.WHATSAPP
    addresses = BroadcastMessage.objects.filter(
        broadcast=broadcast, pk__in=message_ids, address__isnull=False
    ).values_list("address", flat=True)
    suppress_all(
        tenant_id=broadcast.tenant_id,
        platform=broadcast.platform,
        addresses=map(str, addresses),
        scope=SuppressionScope.MARKETING if marketing_only else SuppressionScope.ALL,
        source=SuppressionSource.PROVIDER,
        reason="Reported by the provider",
        now=now,
    )
