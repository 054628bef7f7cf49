"""Suppresses recipients whom a provider reports as opted out."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from broadcast.models import Broadcast, BroadcastMessage
from channels.platforms import Platform
from contacts.models import SuppressionScope, SuppressionSource
from contacts.opting.suppressions import suppress_all


def record_opt_outs(*, broadcast: Broadcast, reported_at: Mapping[UUID, datetime]) -> None:
    """Suppress these messages' addresses on the broadcast's platform.

    `reported_at`: when each recipient's opt-out was reported. An opt-out on WhatsApp is from
    marketing only (Meta's error 131050); elsewhere the sender cannot write at all (a blocked bot).
    """
    marketing_only = broadcast.platform == Platform.WHATSAPP
    rows = BroadcastMessage.objects.filter(
        broadcast=broadcast, pk__in=reported_at, address__isnull=False
    ).values_list("address", "pk")
    suppress_all(
        tenant_id=broadcast.tenant_id,
        platform=broadcast.platform,
        reported_at={str(address): reported_at[message_id] for address, message_id in rows},
        scope=SuppressionScope.MARKETING if marketing_only else SuppressionScope.ALL,
        source=SuppressionSource.PROVIDER,
        reason="Reported by the provider",
    )
