"""Suppressed addresses: recorded by address, so that they outlive the contact."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from contacts.models import OptIn, Suppression, SuppressionScope, SuppressionSource

LIFTED_BY_OPT_IN = (SuppressionSource.RECIPIENT, SuppressionSource.PROVIDER)
"""Sources of suppressions that an opt-in lifts. Those that a user entered stay."""


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
    """Stop messages to an address; `platform` "" means every platform.

    If the address is suppressed already, the existing suppression gets the later of the two times:
    an opt-in from between them that arrives afterwards then lifts nothing. A source outside
    BY_OTHERS wins, so that no opt-in lifts a suppression that a user entered.
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
        _renew(suppression, source=source, now=now)
    return suppression


def _renew(suppression: Suppression, *, source: SuppressionSource, now: datetime) -> None:
    row = Suppression.objects.filter(pk=suppression.pk)
    row.filter(created_at__lt=now).update(created_at=now)
    if source not in LIFTED_BY_OPT_IN:
        row.filter(source__in=LIFTED_BY_OPT_IN).update(source=source)
    suppression.refresh_from_db()


SUPPRESS_ALL = """
INSERT INTO contacts_suppression (id, tenant_id, platform, address, scope, source, reason,
                                  created_at)
SELECT uuidv7(), %(tenant)s, %(platform)s, optout.address, %(scope)s, %(source)s, %(reason)s,
       optout.at
FROM unnest(%(addresses)s::text[], %(times)s::timestamptz[]) AS optout (address, at)
-- A recipient who has opted back in since stays opted in.
WHERE NOT EXISTS (
    SELECT FROM contacts_optin i
    WHERE i.tenant_id = %(tenant)s AND i.address = optout.address AND i.platform = %(platform)s
      AND i.at > optout.at
)
-- In one order, so that two such statements cannot deadlock.
ORDER BY optout.address
ON CONFLICT (tenant_id, address, platform, scope)
DO UPDATE SET created_at = greatest(contacts_suppression.created_at, excluded.created_at)
"""


def suppress_all(
    *,
    tenant_id: UUID,
    platform: str,
    reported_at: Mapping[str, datetime],
    scope: SuppressionScope,
    source: SuppressionSource,
    reason: str,
) -> None:
    """As `suppress`, for many addresses with the time of each opt-out, in one statement.

    Skips recipients who have opted back in since.
    """
    params: dict[str, Any] = {
        "tenant": tenant_id,
        "platform": platform,
        "addresses": list(reported_at),
        "times": list(reported_at.values()),
        "scope": scope,
        "source": source,
        "reason": reason[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(SUPPRESS_ALL, params)


def opt_back_in(*, tenant_id: UUID, platform: str, address: str, at: datetime) -> None:
    """Lift suppressions by recipient or provider, and ignore older opt-outs that arrive later."""
    row = OptIn.objects.filter(tenant_id=tenant_id, address=address, platform=platform)
    OptIn.objects.bulk_create(
        (OptIn(tenant_id=tenant_id, address=address, platform=platform, at=at),),
        ignore_conflicts=True,
    )
    row.filter(at__lt=at).update(at=at)
    lift(tenant_id=tenant_id, platform=platform, address=address, now=at, sources=LIFTED_BY_OPT_IN)


def has_opted_back_in(*, tenant_id: UUID, platform: str, address: str, since: datetime) -> bool:
    row = OptIn.objects.filter(tenant_id=tenant_id, address=address, platform=platform)
    return row.filter(at__gt=since).exists()


def purge_opt_ins(*, before: datetime) -> int:
    """Delete opt-ins that are older than any opt-out that may still arrive; returns how many."""
    return OptIn.objects.filter(at__lt=before).delete()[0]


def lift(
    *,
    tenant_id: UUID,
    platform: str,
    address: str,
    now: datetime,
    sources: Iterable[SuppressionSource] = tuple(SuppressionSource),
) -> int:
    """Delete the suppressions of an address on a platform; returns how many there were.

    A suppression that is younger than `now` stays: events arrive out of order.
    """
    lifted, _ = Suppression.objects.filter(
        tenant_id=tenant_id,
        platform=platform,
        address=address,
        created_at__lte=now,
        source__in=list(sources),
    ).delete()
    return lifted
