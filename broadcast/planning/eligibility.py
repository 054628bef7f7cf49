"""Whom of its recipients a broadcast writes to, where and at which price, or why not: as SQL."""

from datetime import datetime
from typing import Any

from api.errors import InvalidInput
from broadcast.content.checking import variables_in
from broadcast.content.variables import CONTACT_FIELDS
from broadcast.models import Broadcast
from broadcast.planning.text_sql import text_in_sql
from broadcast.planning.too_long_sql import too_long_in_sql
from channels.models import Sender
from channels.platforms import Category, Platform
from contacts.phones import whatsapp_line_in_sql
from wallet.errors import CurrencyMismatch
from wallet.models import Wallet
from wallet.pricing.pricing import BASIC, BASIC_LENGTH, SINGLE
from wallet.rates import tariff_for

# `source` has (seq, contact_id, overrides). Order of the reasons: the first that holds is given; a
# duplicate first of those that have an address, as no other row may have the same.
# `rate` is wallet/pricing/pricing.py's Tariff as rows: a country's price, else that of the
# longest calling code that fits, else the one for anywhere.
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
        WHEN row_number() OVER (PARTITION BY {line} ORDER BY f.seq) > 1 THEN 'duplicate'
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


def eligibility_sql(broadcast: Broadcast, now: datetime) -> tuple[str, dict[str, Any]]:
    """The CTEs that judge each recipient of `source`, and their parameters."""
    if broadcast.sender is None:
        raise InvalidInput("A sender is needed before planning.", attr="sender")
    wanted = variables_in(broadcast)
    is_whatsapp = broadcast.platform == Platform.WHATSAPP
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
        line=whatsapp_line_in_sql("f.address") if is_whatsapp else "f.address",
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
    """As wallet/pricing/pricing.py's `message_type_of`, in SQL."""
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
