"""From a broadcast to one row per recipient: addressed, priced, or suppressed with the reason.

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

from broadcast import audience
from broadcast.content import variables_in
from broadcast.errors import NoRecipients, UnknownRecipients
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.texts_in_sql import text_in_sql
from broadcast.too_long import too_long_in_sql
from broadcast.variables import CONTACT_FIELDS
from channels.models import Sender
from channels.platforms import Category, Platform
from tenants.errors import InvalidInput
from wallet.errors import CurrencyMismatch
from wallet.models import Wallet
from wallet.pricing import BASIC, BASIC_LENGTH, SINGLE
from wallet.rates import tariff_for

SHOWN_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class RecipientRef:
    """How a tenant names a recipient: exactly one of the three ways."""

    contact: UUID | None = None
    phone: str | None = None
    external_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.contact or self.phone or self.external_id)


@dataclass(frozen=True, slots=True)
class Plan:
    """What planning came to; `amount` is what must be held."""

    total: int
    to_send: int
    amount: Decimal


REFS = """
WITH ref AS (
    SELECT * FROM unnest(%(contacts)s::uuid[], %(phones)s::text[], %(external_ids)s::text[],
                         %(overrides)s::jsonb[])
        WITH ORDINALITY AS r(contact, phone, external_id, overrides, n)
), named AS (
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.id = r.contact AND c.tenant_id = %(tenant)s
    UNION ALL
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.phone = r.phone AND c.tenant_id = %(tenant)s
    UNION ALL
    SELECT r.n, r.overrides, c.id FROM ref r JOIN contacts_contact c
        ON c.external_id = r.external_id AND c.tenant_id = %(tenant)s
)
"""
UNKNOWN_REFS = (
    REFS
    + """
SELECT n - 1 FROM ref WHERE NOT EXISTS (SELECT FROM named WHERE named.n = ref.n) ORDER BY n
"""
)
COLUMNS = """
    id, tenant_id, broadcast_id, seq, contact_id, address, overrides, variables, token, status,
    error_code, provider_error_code, error_message, provider_message_id, attempts, price, currency,
    country, segments, charge_state, clicked, created_at, status_at
"""
# 60 bits from gen_random_uuid, whose last twelve hexadecimal digits are all random.
SIXTY_BITS = """
('x' || right(gen_random_uuid()::text, 12) || right(gen_random_uuid()::text, 3))::bit(60)::bigint
"""
ONCE = f"{REFS}, once AS (SELECT DISTINCT ON (id) id, n, overrides FROM named ORDER BY id, n)"
INSERT_REFS = f"""
{ONCE}
INSERT INTO broadcast_broadcastmessage ({COLUMNS})
SELECT uuidv7(), %(tenant)s, %(broadcast)s, row_number() OVER (ORDER BY n), id, NULL,
       overrides, '{{}}'::jsonb, {SIXTY_BITS}, 'PENDING', '', '', '', '', 0, 0, '', '', 1, '',
       false, %(now)s, %(now)s
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
    refs: dict[str, Any] = {
        "contacts": [each.contact for each in recipients],
        "phones": [each.phone for each in recipients],
        "external_ids": [each.external_id for each in recipients],
        "overrides": [
            json.dumps(dict(each.variables)) if each.variables else None for each in recipients
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


def _unknown(unknown: Sequence[RecipientRef]) -> UnknownRecipients:
    shown = [str(each) for each in unknown[:SHOWN_UNKNOWN]]
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


def plan(*, broadcast: Broadcast, now: datetime) -> Plan:
    """Address, price and, where it must be, suppress every recipient; counters are set to match.

    Safe to repeat as long as nothing has been claimed. Raises NoRecipients, InvalidInput.
    """
    if broadcast.audience is not None:
        _plan_audience(broadcast, now)
    else:
        _plan_rows(broadcast, now)
    return _count(broadcast)


# `source` has (seq, contact_id, overrides). Order of the reasons: the first that holds is given; a
# duplicate first of those that have an address, as no other row may have the same.
# `rate` is wallet/pricing.py's Tariff as rows: a country's price, else that of the longest calling
# code that fits, else the one for anywhere.
# MATERIALIZED: a planner that expects one row would judge all recipients again for each of them.
RESOLVED = """
rate AS MATERIALIZED (
    SELECT * FROM unnest(%(rate_countries)s::text[], %(rate_codes)s::text[],
                         %(rate_types)s::text[], %(rate_prices)s::numeric[],
                         %(rate_ids)s::uuid[])
        WITH ORDINALITY AS r(country, calling_code, message_type, price, id, n)
), found AS (
    SELECT s.seq, s.contact_id, s.overrides, c.id IS NULL AS gone, {address} AS address,
           coalesce(c.country, '') AS country,
           coalesce(c.phone, '') AS phone, jsonb_strip_nulls({variables}) AS variables
    FROM source s LEFT JOIN contacts_contact c ON c.id = s.contact_id AND c.tenant_id = %(tenant)s
), judged AS (
    SELECT f.*, CASE
        WHEN f.gone THEN 'contact_gone'
        WHEN f.address IS NULL THEN 'no_address'
        WHEN row_number() OVER (PARTITION BY f.address ORDER BY f.seq) > 1 THEN 'duplicate'
        WHEN EXISTS (
            SELECT FROM contacts_suppression o
            WHERE o.tenant_id = %(tenant)s AND o.address = f.address
              AND o.platform IN ('', %(platform)s) AND o.scope = ANY(%(scopes)s)
        ) THEN 'opted_out'
        WHEN NOT jsonb_exists_all(f.variables, %(required)s::text[]) THEN 'missing_variable'
        WHEN {too_long} THEN 'text_too_long'
        ELSE '' END AS reason
    FROM found f
), sized AS (
    SELECT j.*, {segments} AS segments, {message_type} AS message_type
    FROM (SELECT judged.*, {text} AS text FROM judged) j
), placed AS (
    SELECT s.*, coalesce(
        own.n,
        (SELECT r.n FROM rate r
         WHERE r.calling_code <> '' AND r.message_type = s.message_type
           AND starts_with(s.phone, '+' || r.calling_code)
         ORDER BY length(r.calling_code) DESC LIMIT 1),
        (SELECT r.n FROM rate r
         WHERE r.country = '' AND r.calling_code = '' AND r.message_type = s.message_type)
    ) AS rate_n
    FROM sized s
    LEFT JOIN rate own ON own.country = s.country AND own.country <> ''
                      AND own.message_type = s.message_type
), resolved AS MATERIALIZED (
    SELECT p.seq, p.contact_id, p.overrides, p.variables, p.country, p.reason,
           CASE WHEN p.reason <> 'duplicate' THEN p.address END AS address,
           CASE WHEN p.reason = '' THEN 'PENDING' ELSE 'SUPPRESSED' END AS status,
           CASE WHEN p.reason = '' THEN p.segments ELSE 1 END AS segments,
           CASE WHEN p.reason = '' THEN round(rate.price * p.segments, 6) ELSE 0 END AS price,
           CASE WHEN p.reason = '' THEN rate.id END AS rate_id,
           CASE WHEN p.reason = '' THEN 'HELD' ELSE '' END AS charge_state
    FROM placed p JOIN rate ON rate.n = p.rate_n
)
"""


SOURCE_ROWS = """
SELECT seq, contact_id, overrides FROM broadcast_broadcastmessage
WHERE broadcast_id = %(broadcast)s
"""


def _plan_rows(broadcast: Broadcast, now: datetime) -> None:
    resolved, params = resolve(broadcast, now)
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


def _plan_audience(broadcast: Broadcast, now: datetime) -> None:
    resolved, params = resolve(broadcast, now)
    source = source_of_audience(broadcast)
    _drop_rows(broadcast)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH source AS ({source}), {resolved}
            INSERT INTO broadcast_broadcastmessage ({COLUMNS}, rate_id)
            SELECT uuidv7(), %(tenant)s, %(broadcast)s, seq, contact_id, address, overrides,
                   variables, {SIXTY_BITS}, status, reason, '', '', '', 0, price, %(currency)s,
                   country, segments, charge_state, false, %(now)s, %(now)s, rate_id
            FROM resolved ORDER BY seq
            """,
            params,
        )
    broadcast.duplicates_removed = 0


def source_of_audience(broadcast: Broadcast) -> str:
    """Raises InvalidInput for an audience that names an unknown tag."""
    where, values = audience.condition(tenant=broadcast.tenant, audience=broadcast.audience or {})
    with connection.cursor() as cursor:
        who = cursor.mogrify(where, values).decode().replace("%", "%%")
    return f"""
        SELECT row_number() OVER (ORDER BY c.id) AS seq, c.id AS contact_id,
               NULL::jsonb AS overrides
        FROM contacts_contact c WHERE {who}
    """


def resolve(broadcast: Broadcast, now: datetime) -> tuple[str, dict[str, Any]]:
    """The CTEs that judge each recipient of `source`, and their parameters."""
    if broadcast.sender is None:
        raise InvalidInput("A sender is needed before planning.", attr="sender")
    wanted = variables_in(broadcast)
    is_telegram = broadcast.platform == Platform.TELEGRAM
    params: dict[str, Any] = {
        "tenant": broadcast.tenant_id,
        "broadcast": broadcast.pk,
        "platform": broadcast.platform,
        "scopes": scopes_that_stop(broadcast.category),
        "required": list(wanted.required),
        "currency": broadcast.sender.currency,
        "now": now,
    }
    pairs = []
    for index, name in enumerate(wanted.names):
        column = f", nullif(btrim(c.{name}), '')" if name in CONTACT_FIELDS else ""
        params[f"name{index}"] = name
        key = f"%(name{index})s::text"
        pairs.append(
            f"{key}, coalesce(nullif(btrim(s.overrides ->> {key}), ''){column}, "
            f"nullif(btrim(c.attributes ->> {key}), ''))"
        )
    params |= _tariff_rows(broadcast, broadcast.sender, now)
    text, pieces = _text(broadcast)
    too_long, limits = too_long_in_sql(broadcast, variables="f.variables")
    params |= pieces | limits
    is_sms = broadcast.platform == Platform.SMS
    sql = RESOLVED.format(
        text=text,
        too_long=too_long,
        segments="wallet_sms_segments(j.text)" if is_sms else "1",
        message_type=_message_type(broadcast),
        address="c.telegram_chat_id::text" if is_telegram else "c.phone",
        variables=f"jsonb_build_object({', '.join(pairs)})",
    )
    return sql, params


def _text(broadcast: Broadcast) -> tuple[str, dict[str, Any]]:
    """Nobody counts the characters of the others' messages."""
    if broadcast.platform not in {Platform.SMS, Platform.RCS}:
        return "NULL::text", {}
    return text_in_sql(broadcast, variables="judged.variables")


def _message_type(broadcast: Broadcast) -> str:
    """As wallet/pricing.py's `message_type_of`, in SQL."""
    if broadcast.platform != Platform.RCS:
        return "''::text"
    if broadcast.media or broadcast.buttons:
        return f"'{SINGLE}'::text"
    return f"CASE WHEN char_length(j.text) > {BASIC_LENGTH} THEN '{SINGLE}' ELSE '{BASIC}' END"


def _tariff_rows(broadcast: Broadcast, sender: Sender, now: datetime) -> dict[str, Any]:
    wallet = Wallet.objects.filter(tenant=broadcast.tenant_id).first()
    currency = wallet.currency if wallet else broadcast.tenant.currency
    if sender.currency != currency:
        raise CurrencyMismatch(
            f"{sender.name} is priced in {sender.currency}; the wallet holds {currency}.",
            attr="sender",
        )
    prices = tariff_for(sender=sender, category=broadcast.category, at=now)
    rows = [
        *((country, "", kind, each) for (country, kind), each in prices.countries.items()),
        *(("", code, kind, each) for (code, kind), each in prices.calling_codes.items()),
        *(("", "", kind, each) for kind, each in prices.anywhere.items()),
    ]
    return {
        "rate_countries": [country for country, _, _, _ in rows],
        "rate_codes": [code for _, code, _, _ in rows],
        "rate_types": [kind for _, _, kind, _ in rows],
        "rate_prices": [each.unit for _, _, _, each in rows],
        "rate_ids": [each.rate_id for _, _, _, each in rows],
    }


def scopes_that_stop(category: str) -> list[str]:
    """An opt-out from marketing does not stop utility and authentication messages."""
    return ["ALL", "MARKETING"] if category == Category.MARKETING else ["ALL"]


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
        raise NoRecipients(
            "There is nobody to send to: give recipients, or an audience that somebody is in.",
            attr="recipients" if broadcast.audience is None else "audience",
        )
    BroadcastCounters.objects.filter(broadcast=broadcast).update(
        total=total, pending=to_send, suppressed=total - to_send
    )
    return Plan(total=total, to_send=to_send, amount=amount)
