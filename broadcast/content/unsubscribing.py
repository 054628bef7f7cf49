"""Unsubscribes a recipient who follows the link of `{{unsubscribe_url}}`.

The link (tracking/links.py) holds the message's 60-bit token, as short links do. A GET changes
nothing, because messengers and scanners fetch links. Only the button, or a one-click POST (RFC
8058), unsubscribes.
"""

from datetime import datetime

from broadcast.models import BroadcastMessage
from channels.platforms import Category
from contacts.models import SuppressionScope, SuppressionSource
from contacts.opting.suppressions import suppress
from tracking.links import decode


def message_of(code: str) -> BroadcastMessage | None:
    """The message whose unsubscribe link holds this code; None if there is none."""
    decoded = decode(code)
    if decoded is None:
        return None
    token, position = decoded
    if position:
        return None
    return (
        BroadcastMessage.objects.select_related("broadcast", "tenant")
        .filter(token=token, address__isnull=False)
        .first()
    )


def unsubscribe(*, message: BroadcastMessage, now: datetime) -> None:
    """Suppresses marketing to this person; suppresses everything if the message was not marketing.

    Applies to the message's platform. Safe to repeat.
    """
    is_marketing = message.broadcast.category == Category.MARKETING
    suppress(
        tenant_id=message.tenant_id,
        platform=message.broadcast.platform,
        address=message.address or "",
        scope=SuppressionScope.MARKETING if is_marketing else SuppressionScope.ALL,
        source=SuppressionSource.RECIPIENT,
        reason="unsubscribe link",
        now=now,
    )
