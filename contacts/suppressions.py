"""Who must not be written to: recorded by address, so that it outlives the contact."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from contacts.models import Suppression, SuppressionScope, SuppressionSource

BY_OTHERS = (SuppressionSource.RECIPIENT, SuppressionSource.PROVIDER)
"""What a recipient who opts back in takes back; what a user entered stays."""


def suppress(
    *,
    tenant_id: UUID,
    platform: str,
    address: str,
    scope: SuppressionScope,
    source: SuppressionSource,
    reason: str,
    now: datetime,
    event_id: UUID | None = None,
) -> Suppression:
    """Stop messages to an address; `platform` "" stands for all.

    Done already: what was done, as of the later time, so that an opt-in between the two that comes
    last lifts nothing; and a user's word stays a user's.
    """
    suppression, is_new = Suppression.objects.get_or_create(
        tenant_id=tenant_id,
        platform=platform,
        address=address,
        scope=scope,
        defaults={
            "source": source,
            "reason": reason[:200],
            "created_at": now,
            "event_id": event_id,
        },
    )
    if not is_new:
        _said_again(suppression, source=source, now=now)
    return suppression


def _said_again(suppression: Suppression, *, source: SuppressionSource, now: datetime) -> None:
    same = Suppression.objects.filter(pk=suppression.pk)
    same.filter(created_at__lt=now).update(created_at=now)
    if source not in BY_OTHERS:
        same.filter(source__in=BY_OTHERS).update(source=source)
    suppression.refresh_from_db()


def suppress_all(
    *,
    tenant_id: UUID,
    platform: str,
    addresses: Iterable[str],
    scope: SuppressionScope,
    source: SuppressionSource,
    reason: str,
    now: datetime,
) -> None:
    """As `suppress`, for many addresses in one statement."""
    Suppression.objects.bulk_create(
        (
            Suppression(
                tenant_id=tenant_id,
                platform=platform,
                address=address,
                scope=scope,
                source=source,
                reason=reason[:200],
                created_at=now,
            )
            for address in sorted(set(addresses))
        ),
        ignore_conflicts=True,
    )


def lift(
    *,
    tenant_id: UUID,
    platform: str,
    address: str,
    now: datetime,
    sources: Iterable[SuppressionSource] = tuple(SuppressionSource),
) -> int:
    """Take back every suppression of this address on this platform; how many there were.

    One that is younger than `now` stays: events come out of order.
    """
    lifted, _ = Suppression.objects.filter(
        tenant_id=tenant_id,
        platform=platform,
        address=address,
        created_at__lte=now,
        source__in=list(sources),
    ).delete()
    return lifted
