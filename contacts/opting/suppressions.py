"""Suppressed addresses: recorded by address, so that they outlive the contact.

Every function here takes one address of a person, and means all spellings of a number. On WhatsApp,
and on every platform at once, it also means the other addresses that a provider named together with
it (contacts/known_addresses.py).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from channels.platforms import Platform
from contacts.known_addresses import addresses_of_each
from contacts.models import OptIn, Suppression, SuppressionScope, SuppressionSource
from contacts.spellings import spellings_of

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
    """Stop messages to a person; `platform` "" means every platform. Returns the address's own row.

    If an address is suppressed already, the existing suppression gets the later of the two times:
    an opt-in from between them that arrives afterwards then lifts nothing. A source outside
    LIFTED_BY_OPT_IN wins, so that no opt-in lifts a suppression that a user entered.
    """
    rows = [
        _suppress(
            {"tenant_id": tenant_id, "platform": platform, "address": each, "scope": scope},
            {"source": source, "reason": reason[:200], "created_at": now, "event_id": event_id},
        )
        # In one order, so that two such calls cannot deadlock.
        for each in sorted(_everyone(tenant_id, platform, address))
    ]
    return next(row for row in rows if row.address == address)


def _suppress(key: Mapping[str, Any], values: Mapping[str, Any]) -> Suppression:
    suppression, is_new = Suppression.objects.get_or_create(**key, defaults=values)
    if not is_new:
        _renew(suppression, source=values["source"], now=values["created_at"])
    return suppression


def _everyone(tenant_id: UUID, platform: str, address: str) -> tuple[str, ...]:
    return addresses_of_people(tenant_id=tenant_id, platform=platform, addresses=(address,))[
        address
    ]


def addresses_of_people(
    *, tenant_id: UUID, platform: str, addresses: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """For each address, the addresses that a suppression on this platform holds for."""
    if platform in {"", Platform.WHATSAPP}:
        return addresses_of_each(tenant_id=tenant_id, addresses=addresses)
    return {address: spellings_of(address) for address in addresses}


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
    people = addresses_of_people(tenant_id=tenant_id, platform=platform, addresses=reported_at)
    times: dict[str, datetime] = {}
    for address, at in reported_at.items():
        for each in people[address]:
            times[each] = max(at, times.get(each, at))
    params: dict[str, Any] = {
        "tenant": tenant_id,
        "platform": platform,
        "addresses": list(times),
        "times": list(times.values()),
        "scope": scope,
        "source": source,
        "reason": reason[:200],
    }
    with connection.cursor() as cursor:
        cursor.execute(SUPPRESS_ALL, params)


def opt_back_in(*, tenant_id: UUID, platform: str, address: str, at: datetime) -> None:
    """Lift suppressions by recipient or provider, and ignore older opt-outs that arrive later."""
    addresses = sorted(_everyone(tenant_id, platform, address))
    OptIn.objects.bulk_create(
        (OptIn(tenant_id=tenant_id, address=each, platform=platform, at=at) for each in addresses),
        ignore_conflicts=True,
    )
    rows = OptIn.objects.filter(tenant_id=tenant_id, address__in=addresses, platform=platform)
    rows.filter(at__lt=at).update(at=at)
    lift(tenant_id=tenant_id, platform=platform, address=address, now=at, sources=LIFTED_BY_OPT_IN)


def has_opted_back_in(*, tenant_id: UUID, platform: str, address: str, since: datetime) -> bool:
    rows = OptIn.objects.filter(
        tenant_id=tenant_id,
        address__in=_everyone(tenant_id, platform, address),
        platform=platform,
    )
    return rows.filter(at__gt=since).exists()


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
    scopes: Iterable[SuppressionScope] = tuple(SuppressionScope),
) -> int:
    """Delete the suppressions of a person on a platform; returns how many there were.

    A suppression that is younger than `now` stays: events arrive out of order.
    """
    lifted, _ = Suppression.objects.filter(
        tenant_id=tenant_id,
        platform=platform,
        address__in=_everyone(tenant_id, platform, address),
        created_at__lte=now,
        source__in=list(sources),
        scope__in=list(scopes),
    ).delete()
    return lifted
