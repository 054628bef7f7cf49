"""One row per recipient of a broadcast, as broadcast/planning/eligibility.py judges each contact.

Set-based throughout: the number of statements does not depend on the number of recipients. The
caller holds the broadcast's row lock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from broadcast.content.checking import Checked
from broadcast.errors import UnknownRecipients, nobody_to_send_to
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.planning import audience
from broadcast.planning.eligibility import eligibility_sql
from contacts.models import Contact
from contacts.spellings import spellings_of

SHOWN_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class RecipientRef:
    """How a tenant names a recipient: exactly one of the four ways."""

    contact: UUID | None = None
    phone: str | None = None
    external_id: str | None = None
    whatsapp_user_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.contact or self.phone or self.external_id or self.whatsapp_user_id)


@dataclass(frozen=True, slots=True)
class Plan:
    """What planning came to; `amount` is what must be held."""

    total: int
    to_send: int
    amount: Decimal


REFS = """
WITH ref AS (
    SELECT * FROM unnest(%(contacts)s::uuid[], %(phones)s::text[], %(external_ids)s::text[],
                         %(user_ids)s::text[], %(overrides)s::jsonb[])
        WITH ORDINALITY AS r(contact, phone, external_id, user_id, overrides, n)
), named AS (
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.id = r.contact AND c.tenant_id = %(tenant)s
    UNION ALL
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.phone = r.phone AND c.tenant_id = %(tenant)s
    UNION ALL
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.external_id = r.external_id AND c.tenant_id = %(tenant)s
    UNION ALL
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.whatsapp_user_id = r.user_id AND c.tenant_id = %(tenant)s
    WHERE r.user_id IS NOT NULL
)
"""
UNKNOWN_REFS = (
    REFS
    + """
-- EXCEPT, because the planner cannot guess the size of `named`: an anti-join by a loop over 100,000
-- recipients takes minutes.
SELECT n - 1 FROM (SELECT n FROM ref EXCEPT SELECT n FROM named) AS missing ORDER BY n
"""
)
# gen_random_uuid's last twelve hexadecimal digits are all random: fifteen digits make 60 bits.
SIXTY_BITS = """
('x' || right(gen_random_uuid()::text, 12) || right(gen_random_uuid()::text, 3))::bit(60)::bigint
"""
ONCE = f"{REFS}, once AS (SELECT DISTINCT ON (id) id, n, overrides FROM named ORDER BY id, n)"
# Columns that are not named here have their defaults in the database.
INSERT_REFS = f"""
{ONCE}
INSERT INTO broadcast_broadcastmessage
    (id, tenant_id, broadcast_id, seq, contact_id, overrides, token, created_at, status_at)
SELECT uuidv7(), %(tenant)s, %(broadcast)s, row_number() OVER (ORDER BY n), id, overrides,
       {SIXTY_BITS}, %(now)s, %(now)s
FROM once ORDER BY n
"""


def set_recipients(
    *, broadcast: Broadcast, recipients: Sequence[RecipientRef], now: datetime
) -> None:
    """Replace the broadcast's rows by these recipients, not yet addressed or priced.

    Raises UnknownRecipients, which names them; another tenant's contact is an unknown one.
    """
    refs = {**refs_of(broadcast, recipients), "now": now}
    _drop_rows(broadcast)
    with connection.cursor() as cursor:
        cursor.execute(INSERT_REFS, refs)
        planned = cursor.rowcount
    broadcast.duplicates_removed = len(recipients) - planned
    BroadcastCounters.objects.update_or_create(
        broadcast=broadcast, defaults={"total": planned, "pending": planned, "suppressed": 0}
    )


def refs_of(broadcast: Broadcast, recipients: Sequence[RecipientRef]) -> dict[str, Any]:
    """Parameters of REFS. Raises UnknownRecipients."""
    stored = _stored_spellings(broadcast.tenant_id, [to.phone for to in recipients if to.phone])
    refs: dict[str, Any] = {
        "user_ids": [recipient.whatsapp_user_id for recipient in recipients],
        "contacts": [recipient.contact for recipient in recipients],
        "phones": [stored.get(to.phone or "", to.phone) for to in recipients],
        "external_ids": [recipient.external_id for recipient in recipients],
        "overrides": [
            json.dumps(dict(recipient.variables)) if recipient.variables else None
            for recipient in recipients
        ],
        "tenant": broadcast.tenant_id,
        "broadcast": broadcast.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNKNOWN_REFS, refs)
        unknown = [recipients[index] for (index,) in cursor.fetchall()]
    if unknown:
        raise _unknown(unknown)
    return refs


def _stored_spellings(tenant_id: UUID, phones: Sequence[str]) -> dict[str, str]:
    """For each number with several spellings, the one that a contact has, its own first."""
    spellings = {phone: spelled for phone in phones if len(spelled := spellings_of(phone)) > 1}
    if not spellings:
        return {}
    wanted = {spelling for spelled in spellings.values() for spelling in spelled}
    contacts = Contact.objects.filter(tenant_id=tenant_id, phone__in=wanted)
    stored = set(contacts.values_list("phone", flat=True))
    return {
        phone: next((spelling for spelling in spelled if spelling in stored), phone)
        for phone, spelled in spellings.items()
    }


def _unknown(unknown: Sequence[RecipientRef]) -> UnknownRecipients:
    shown = [str(recipient) for recipient in unknown[:SHOWN_UNKNOWN]]
    more = f" and {len(unknown) - len(shown)} more" if len(unknown) > len(shown) else ""
    return UnknownRecipients(
        f"No such contacts: {', '.join(shown)}{more}.",
        attr="recipients",
        data={"unknown": shown, "unknown_count": len(unknown)},
    )


def _drop_rows(broadcast: Broadcast) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM broadcast_broadcastmessage WHERE broadcast_id = %s", [broadcast.pk]
        )


def plan(content: Checked, *, now: datetime) -> Plan:
    """Address, price and, where it must be, suppress every recipient; set the counters to match.

    Safe to repeat as long as nothing has been claimed. Raises NoRecipients, InvalidInput,
    CurrencyMismatch.
    """
    if content.broadcast.audience is not None:
        _plan_audience(content, now)
    else:
        _plan_rows(content, now)
    return _count(content.broadcast)


SOURCE_ROWS = """
SELECT seq, contact_id, overrides FROM broadcast_broadcastmessage
WHERE broadcast_id = %(broadcast)s
"""


def _plan_rows(content: Checked, now: datetime) -> None:
    resolved, params = eligibility_sql(content, now)
    with connection.cursor() as cursor:
        # Two statements: the unique key on addresses is checked row by row.
        cursor.execute(
            "UPDATE broadcast_broadcastmessage SET address = NULL "
            "WHERE broadcast_id = %(broadcast)s AND address IS NOT NULL",
            params,
        )
        cursor.execute(
            f"""
            WITH source AS ({SOURCE_ROWS}), {resolved}
            UPDATE broadcast_broadcastmessage m
            SET address = r.address, variables = r.variables, country = r.country,
                status = r.status, error_code = r.reason, price = r.price,
                rate_id = r.rate_id, segments = r.segments, currency = %(currency)s,
                charge_state = r.charge_state, status_at = %(now)s
            FROM resolved r WHERE m.broadcast_id = %(broadcast)s AND m.seq = r.seq
            """,
            params,
        )


def _plan_audience(content: Checked, now: datetime) -> None:
    resolved, params = eligibility_sql(content, now)
    source, members = source_of_audience(content.broadcast)
    _drop_rows(content.broadcast)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH source AS ({source}), {resolved}
            INSERT INTO broadcast_broadcastmessage
                (id, tenant_id, broadcast_id, seq, contact_id, address, overrides, variables, token,
                 status, error_code, price, currency, country, segments, charge_state, rate_id,
                 created_at, status_at)
            SELECT uuidv7(), %(tenant)s, %(broadcast)s, seq, contact_id, address, overrides,
                   variables, {SIXTY_BITS}, status, reason, price, %(currency)s, country, segments,
                   charge_state, rate_id, %(now)s, %(now)s
            FROM resolved ORDER BY seq
            """,
            {**params, **members},
        )
    content.broadcast.duplicates_removed = 0


def source_of_audience(broadcast: Broadcast) -> tuple[str, dict[str, Any]]:
    """The SQL of `source` for an audience's members, and its parameters.

    Raises InvalidInput for an audience that names an unknown tag.
    """
    members, params = audience.condition(tenant=broadcast.tenant, audience=broadcast.audience or {})
    sql = f"""
        SELECT row_number() OVER (ORDER BY c.id) AS seq, c.id AS contact_id,
               NULL::jsonb AS overrides
        FROM contacts_contact c WHERE {members}
    """
    return sql, params


def _count(broadcast: Broadcast) -> Plan:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE status = 'PENDING'),
                   coalesce(sum(price) FILTER (WHERE charge_state = 'HELD'), 0)
            FROM broadcast_broadcastmessage WHERE broadcast_id = %s
            """,
            [broadcast.pk],
        )
        total, to_send, amount = cursor.fetchone()
    if not total:
        raise nobody_to_send_to(has_audience=broadcast.audience is not None)
    BroadcastCounters.objects.filter(broadcast=broadcast).update(
        total=total, pending=to_send, suppressed=total - to_send
    )
    return Plan(total=total, to_send=to_send, amount=amount)
