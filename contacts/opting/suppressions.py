"""Who must not be written to: recorded by address, so that it outlives the contact."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from contacts.models import OptIn, Suppression, SuppressionScope, SuppressionSource

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


SUPPRESS_ALL = """
INSERT INTO contacts_suppression (id, tenant_id, platform, address, scope, source, reason,
                                  created_at)
SELECT uuidv7(), %(tenant)s, %(platform)s, told.address, %(scope)s, %(source)s, %(reason)s, told.at
FROM unnest(%(addresses)s::text[], %(times)s::timestamptz[]) AS told (address, at)
WHERE NOT EXISTS (
    SELECT FROM contacts_optin i
    WHERE i.tenant_id = %(tenant)s AND i.address = told.address AND i.platform = %(platform)s
      AND i.at > told.at
)
ORDER BY told.address
ON CONFLICT (tenant_id, address, platform, scope)
DO UPDATE SET created_at = greatest(contacts_suppression.created_at, excluded.created_at)
"""


def suppress_all(
    *,
    tenant_id: UUID,
    platform: str,
    said_at: Mapping[str, datetime],
    scope: SuppressionScope,
    source: SuppressionSource,
    reason: str,
) -> None:
    """As `suppress`, for many addresses and what was said of each, in one statement.

    Not where the recipient has opted back in since.
    """
    params: dict[str, Any] = {
        "tenant": tenant_id,
        "platform": platform,
        "addresses": list(said_at),
        "times": list(said_at.values()),
        "scope": scope,
        "source": source,
        "reason": reason[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(SUPPRESS_ALL, params)


def opt_back_in(*, tenant_id: UUID, platform: str, address: str, at: datetime) -> None:
    """Take back what the recipient or a provider said, now and when it comes later or again."""
    whose = OptIn.objects.filter(tenant_id=tenant_id, address=address, platform=platform)
    OptIn.objects.bulk_create(
        (OptIn(tenant_id=tenant_id, address=address, platform=platform, at=at),),
        ignore_conflicts=True,
    )
    whose.filter(at__lt=at).update(at=at)
    lift(tenant_id=tenant_id, platform=platform, address=address, now=at, sources=BY_OTHERS)


def has_opted_back_in(*, tenant_id: UUID, platform: str, address: str, since: datetime) -> bool:
    whose = OptIn.objects.filter(tenant_id=tenant_id, address=address, platform=platform)
    return whose.filter(at__gt=since).exists()


def purge_opt_ins(*, before: datetime) -> int:
    """Forget those so old that nothing older can come any more; how many."""
    return OptIn.objects.filter(at__lt=before).delete()[0]


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
