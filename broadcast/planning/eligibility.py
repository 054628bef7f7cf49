"""Judges each recipient in SQL: the address and price of its message, or why it gets none.

engine/claim_sql.py judges again, right before sending, what may have changed since: the contact,
its address and its opt-outs.
"""

from datetime import datetime
from typing import Any

from broadcast.content.checking import Checked
from broadcast.content.variables import CONTACT_FIELDS
from broadcast.planning.text_sql import text_in_sql
from broadcast.planning.too_long_sql import too_long_in_sql
from channels.platforms import Category, Platform
from channels.providers.registry import adapter_for
from contacts.spellings import line_sql
from wallet.errors import CurrencyMismatch
from wallet.models import Wallet
from wallet.pricing.pricing import BASIC, BASIC_LENGTH, SINGLE
from wallet.rates import tariff_for


def eligibility_sql(content: Checked, now: datetime) -> tuple[str, dict[str, Any]]:
    """The CTEs that judge each recipient of `source`, and their parameters.

    `source` has the columns (seq, contact_id, overrides); the last CTE is `resolved`. Raises
    CurrencyMismatch.
    """
    broadcast, platform = content.broadcast, content.broadcast.platform
    variables, names = _variables_sql(content)
    text, pieces = _text_sql(content)
    too_long, limits = too_long_in_sql(content, variables="c.variables")
    sql = _resolved(
        text=text,
        too_long=too_long,
        segments="wallet_sms_segments(j.text)" if platform == Platform.SMS else "1",
        message_type=_message_type(content),
        line=_line(platform),
        address=_address(content),
        opted_out=_opted_out(),
        variables=variables,
    )
    params: dict[str, Any] = {
        "tenant": broadcast.tenant_id,
        "broadcast": broadcast.pk,
        "platform": platform,
        "scopes": scopes_that_stop(broadcast.category),
        "required": list(content.variables.required),
        "currency": content.sender.currency,
        "now": now,
    }
    return sql, {**params, **names, **pieces, **limits, **_tariff_rows(content, now)}


def _address(content: Checked) -> str:
    """The recipient's address on the platform: a number, where there is one."""
    if content.broadcast.platform == Platform.TELEGRAM:
        return "c.telegram_chat_id::text"
    if content.broadcast.platform == Platform.WHATSAPP and takes_user_ids(content):
        return "coalesce(c.phone, c.whatsapp_user_id)"
    return "c.phone"


def takes_user_ids(content: Checked) -> bool:
    """Whether the message can be sent to a WhatsApp user id.

    Meta sends authentication templates to numbers only. Source: developers.facebook.com/
    documentation/business-messaging/whatsapp/business-scoped-user-ids.
    """
    capabilities = adapter_for(content.sender.provider).capabilities
    return capabilities.user_ids and content.broadcast.category != Category.AUTHENTICATION


def _line(platform: str) -> str:
    """The same value for all contacts of one person, who gets one message."""
    if platform == Platform.TELEGRAM:
        return "c.address"
    if platform != Platform.WHATSAPP:
        return line_sql("c.address")
    number = f"""(SELECT min({line_sql("p.other")}) FROM contacts_addresspair p
        WHERE p.tenant_id = %(tenant)s AND p.address = c.address AND starts_with(p.other, '+'))"""
    return f"""CASE WHEN c.address = c.user_id THEN coalesce({number}, c.address)
        ELSE {line_sql("c.address")} END"""


def _opted_out() -> str:
    """Whether any address of the person has opted out.

    Three conditions, each with one address: PostgreSQL reads the opt-outs once for each of them.
    """
    return " OR ".join(
        f"""({address} IS NOT NULL AND EXISTS (
            SELECT FROM contacts_suppression o
            WHERE o.tenant_id = %(tenant)s AND o.address = {address}
              AND o.platform IN ('', %(platform)s) AND o.scope = ANY(%(scopes)s)))"""
        for address in ("nullif(c.phone, '')", "c.chat", "c.user_id")
    )


def _resolved(
    *,
    address: str,
    opted_out: str,
    variables: str,
    line: str,
    too_long: str,
    text: str,
    segments: str,
    message_type: str,
) -> str:
    return f"""
-- The sender's Tariff (wallet/pricing/pricing.py) as rows.
-- MATERIALIZED: a planner that expects one row would judge every recipient again for each rate.
rate AS MATERIALIZED (
    SELECT * FROM unnest(%(rate_countries)s::text[], %(rate_codes)s::text[],
                         %(rate_types)s::text[], %(rate_prices)s::numeric[],
                         %(rate_ids)s::uuid[])
        WITH ORDINALITY AS r(country, calling_code, message_type, price, id, n)
), candidate AS (
    SELECT s.seq, s.contact_id, s.overrides, c.id IS NULL AS gone, {address} AS address,
           coalesce(c.country, '') AS country,
           coalesce(c.phone, '') AS phone, c.telegram_chat_id::text AS chat,
           c.whatsapp_user_id AS user_id, jsonb_strip_nulls({variables}) AS variables
    FROM source s LEFT JOIN contacts_contact c ON c.id = s.contact_id AND c.tenant_id = %(tenant)s
-- The first reason that holds is given. A duplicate loses its address, which no two rows of a
-- broadcast may share, so it comes before all reasons that keep the address.
), judged AS (
    SELECT c.*, CASE
        WHEN c.gone THEN 'contact_gone'
        WHEN c.address IS NULL THEN 'no_address'
        WHEN row_number() OVER (PARTITION BY {line} ORDER BY c.seq) > 1 THEN 'duplicate'
        WHEN {opted_out} THEN 'opted_out'
        WHEN NOT jsonb_exists_all(c.variables, %(required)s::text[]) THEN 'missing_variable'
        WHEN {too_long} THEN 'text_too_long'
        ELSE '' END AS reason
    FROM candidate c
), sized AS (
    SELECT j.*, {segments} AS segments, {message_type} AS message_type
    FROM (SELECT judged.*, {text} AS text FROM judged) j
-- The price of the recipient's country, else that of the longest calling code that its number
-- begins with, else the price for anywhere.
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


def _variables_sql(content: Checked) -> tuple[str, dict[str, str]]:
    """A recipient's variables as JSON: the override, else the contact's field or attribute."""
    names: dict[str, str] = {}
    pairs = []
    for index, name in enumerate(content.variables.names):
        column = f", nullif(btrim(c.{name}), '')" if name in CONTACT_FIELDS else ""
        names[f"name{index}"] = name
        key = f"%(name{index})s::text"
        pairs.append(
            f"{key}, coalesce(nullif(btrim(s.overrides ->> {key}), ''){column}, "
            f"nullif(btrim(c.attributes ->> {key}), ''))"
        )
    return f"jsonb_build_object({', '.join(pairs)})", names


def _text_sql(content: Checked) -> tuple[str, dict[str, Any]]:
    """The recipient's text where its length decides the price, else NULL."""
    if content.broadcast.platform not in {Platform.SMS, Platform.RCS}:
        return "NULL::text", {}
    return text_in_sql(content, variables="judged.variables")


def _message_type(content: Checked) -> str:
    """The SQL of `message_type_of` in wallet/pricing/pricing.py."""
    if content.broadcast.platform != Platform.RCS:
        return "''::text"
    if content.broadcast.media or content.broadcast.buttons:
        return f"'{SINGLE}'::text"
    return f"CASE WHEN char_length(j.text) > {BASIC_LENGTH} THEN '{SINGLE}' ELSE '{BASIC}' END"


def _tariff_rows(content: Checked, now: datetime) -> dict[str, Any]:
    broadcast, sender = content.broadcast, content.sender
    wallet = Wallet.objects.filter(tenant=broadcast.tenant_id).first()
    currency = wallet.currency if wallet else broadcast.tenant.currency
    if sender.currency != currency:
        raise CurrencyMismatch(
            f"{sender.name} is priced in {sender.currency}; the wallet holds {currency}.",
            attr="sender",
        )
    tariff = tariff_for(sender=sender, category=broadcast.category, at=now)
    rows = [
        *((country, "", kind, price) for (country, kind), price in tariff.countries.items()),
        *(("", code, kind, price) for (code, kind), price in tariff.calling_codes.items()),
        *(("", "", kind, price) for kind, price in tariff.anywhere.items()),
    ]
    return {
        "rate_countries": [country for country, _, _, _ in rows],
        "rate_codes": [code for _, code, _, _ in rows],
        "rate_types": [kind for _, _, kind, _ in rows],
        "rate_prices": [price.unit for _, _, _, price in rows],
        "rate_ids": [price.rate_id for _, _, _, price in rows],
    }


def scopes_that_stop(category: str) -> list[str]:
    """The suppression scopes for a category: MARKETING stops marketing messages only."""
    return ["ALL", "MARKETING"] if category == Category.MARKETING else ["ALL"]
