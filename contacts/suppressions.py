"""Who must not be written to: recorded by address, so that it outlives the contact."""

from datetime import datetime
from uuid import UUID

from contacts.models import Suppression, SuppressionScope, SuppressionSource


def suppress(
    *,
    tenant_id: UUID,
    platform: str,
    address: str,
    scope: SuppressionScope,
    source: SuppressionSource,
    reason: str,
    now: datetime,
) -> Suppression:
    """Stop messages to an address; `platform` "" stands for all. Done already: what was done."""
    suppression, _ = Suppression.objects.get_or_create(
        tenant_id=tenant_id,
        platform=platform,
        address=address,
        scope=scope,
        defaults={"source": source, "reason": reason[:200], "created_at": now},
    )
    return suppression


def lift(*, tenant_id: UUID, platform: str, address: str, now: datetime) -> int:
    """Take back every suppression of this address on this platform; how many there were."""
    lifted, _ = Suppression.objects.filter(
        tenant_id=tenant_id, platform=platform, address=address, created_at__lte=now
    ).delete()
    return lifted
