"""Estimates what a broadcast would cost and reach if it were sent now; writes nothing.

The SQL that plans also judges, prices and counts the recipients here, in sets. An estimate's hash
holds its figures and a digest of every recipient, price and word. A launch that quotes the hash is
refused, with the difference, if any of these has changed.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db import connection

from api.errors import InvalidInput
from broadcast.content.checking import Checked, check_content, content_of
from broadcast.errors import EstimateMoved, IllegalMove, nobody_to_send_to
from broadcast.models import Broadcast
from broadcast.planning import plan as planning
from broadcast.planning.duration import sending_seconds
from broadcast.planning.eligibility import eligibility_sql
from broadcast.planning.plan import RecipientRef
from broadcast.planning.warnings import Warned, warnings_of
from broadcast.states import EDITABLE, BroadcastStatus
from wallet.models import Wallet

MAX_HASH_LENGTH = 1000


def _groups_sql(rows: str) -> str:
    """Recipients by reason and country; the last column differs as soon as any recipient does."""
    return f"""
SELECT reason, country, count(*), count(*) FILTER (WHERE price = 0), sum(segments), sum(price),
       sum(hashtextextended(concat_ws('|', contact_id, coalesce(address, ''), reason, segments,
                                      round(price, 6)), 0))::text
FROM {rows} GROUP BY reason, country ORDER BY reason, country
"""


GROUPS_OF_PLAN = _groups_sql(
    "(SELECT m.*, m.error_code AS reason FROM broadcast_broadcastmessage m "
    "WHERE m.broadcast_id = %(broadcast)s) planned"
)


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    """Recipients of one outcome in one country."""

    reason: str
    country: str
    messages: int
    unpriced: int
    segments: int
    cost: Decimal
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A negative `available_after` is the credit that is missing; `seconds` is a minimum."""

    total: int
    to_send: int
    suppressed: Mapping[str, int]
    segments: int
    cost: Decimal
    currency: str
    category: str
    countries: Sequence[OutcomeGroup]
    balance: Decimal
    held: Decimal
    available_before: Decimal
    available_after: Decimal
    seconds: float
    warnings: Sequence[Warned]
    hash: str


def estimate(
    *, broadcast: Broadcast, recipients: Sequence[RecipientRef] | None = None, now: datetime
) -> Estimate:
    """The estimate of a DRAFT (saved or not) as it would be planned now, or of a SCHEDULED plan.

    `recipients` belong to a broadcast that is not saved. Raises what sending it would raise, except
    for too little credit, which is a warning.
    """
    return estimate_checked(broadcast=broadcast, recipients=recipients, now=now)[0]


def estimate_checked(
    *, broadcast: Broadcast, recipients: Sequence[RecipientRef] | None = None, now: datetime
) -> tuple[Estimate, Checked]:
    """As `estimate`, with the content that it was worked out for."""
    if broadcast.status not in EDITABLE:
        raise IllegalMove(f"A broadcast that is {broadcast.status} is past estimating.")
    if broadcast.status == BroadcastStatus.SCHEDULED:
        content = content_of(broadcast)
        groups = _groups(GROUPS_OF_PLAN, {"broadcast": broadcast.pk})
        return _estimate_of(content, groups, is_held=True), content
    content = check_content(broadcast)
    source, members = _source(broadcast, recipients)
    resolved, params = eligibility_sql(content, now)
    groups = _groups(f"{source}, {resolved} {_groups_sql('resolved')}", {**params, **members})
    return _estimate_of(content, groups, is_held=False), content


def require_unmoved(*, broadcast: Broadcast, quoted: str, now: datetime) -> Checked:
    """Check the quoted estimate before planning; answers the content that it was checked for.

    Raises EstimateMoved with the difference, InvalidInput, and what `estimate` raises.
    """
    current, content = estimate_checked(broadcast=broadcast, now=now)
    _compare(quoted, current.hash)
    return content


def require_planned_as_estimated(*, broadcast: Broadcast, quoted: str) -> None:
    """Check the quoted estimate against the rows as they were planned.

    Raises EstimateMoved with the difference, InvalidInput.
    """
    _compare(quoted, _hash(broadcast, _groups(GROUPS_OF_PLAN, {"broadcast": broadcast.pk})))


def _source(
    broadcast: Broadcast, recipients: Sequence[RecipientRef] | None
) -> tuple[str, dict[str, Any]]:
    if recipients and broadcast.audience is not None:
        raise InvalidInput("Give recipients or an audience, not both.", attr="audience")
    if broadcast.audience is not None:
        sql, params = planning.source_of_audience(broadcast)
        return f"WITH source AS ({sql})", params
    if recipients is None:
        return f"WITH source AS ({planning.SOURCE_ROWS})", {}
    sql = f"{planning.ONCE}, source AS (SELECT n AS seq, id AS contact_id, overrides FROM once)"
    return sql, planning.refs_of(broadcast, recipients)


def _groups(sql: str, params: Mapping[str, Any]) -> list[OutcomeGroup]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [OutcomeGroup(*row) for row in cursor.fetchall()]


def _estimate_of(content: Checked, groups: Sequence[OutcomeGroup], *, is_held: bool) -> Estimate:
    broadcast, sender = content.broadcast, content.sender
    if not groups:
        raise nobody_to_send_to(has_audience=broadcast.audience is not None)
    figures = _figures(groups)
    wallet = Wallet.objects.filter(tenant=broadcast.tenant_id).first() or Wallet()
    after = wallet.available - (Decimal(0) if is_held else figures.cost)
    return Estimate(
        total=sum(group.messages for group in groups),
        to_send=figures.to_send,
        suppressed=figures.suppressed,
        segments=figures.segments,
        cost=figures.cost,
        currency=sender.currency,
        category=broadcast.category,
        countries=[group for group in groups if not group.reason],
        balance=wallet.balance,
        held=wallet.held,
        available_before=wallet.available,
        available_after=after,
        seconds=sending_seconds(sender, messages=figures.to_send, segments=figures.segments),
        warnings=warnings_of(
            sender=sender,
            to_send=figures.to_send,
            suppressed=figures.suppressed,
            left=after,
            cost=figures.cost,
            segments=figures.segments,
            unpriced=sum(group.unpriced for group in groups if not group.reason),
        ),
        hash=_hash(broadcast, groups),
    )


@dataclass(frozen=True, slots=True)
class _Figures:
    to_send: int
    suppressed: Mapping[str, int]
    segments: int
    cost: Decimal

    def as_json(self) -> dict[str, Any]:
        return {
            "to_send": self.to_send,
            "suppressed": self.suppressed,
            "segments": self.segments,
            "cost": f"{self.cost:.6f}",
        }


def _figures(groups: Sequence[OutcomeGroup]) -> _Figures:
    suppressed: dict[str, int] = {}
    for group in groups:
        if group.reason:
            suppressed[group.reason] = suppressed.get(group.reason, 0) + group.messages
    to_send = [group for group in groups if not group.reason]
    return _Figures(
        to_send=sum(group.messages for group in to_send),
        suppressed=suppressed,
        segments=int(sum(group.segments for group in to_send)),
        cost=sum((group.cost for group in to_send), Decimal(0)),
    )


HASHED_FIELDS = (*Broadcast.CONTENT_FIELDS, "track_urls")
"""A change of any of these makes another estimate."""


def _hash(broadcast: Broadcast, groups: Sequence[OutcomeGroup]) -> str:
    content = {
        field.attname: getattr(broadcast, field.attname)
        for field in Broadcast._meta.concrete_fields
        if field.name in HASHED_FIELDS
    }
    rows = [
        (
            group.reason,
            group.country,
            group.messages,
            int(group.segments),
            f"{group.cost:.6f}",
            group.fingerprint,
        )
        for group in groups
    ]
    digest = sha256(json.dumps([content, rows], sort_keys=True, default=str).encode()).hexdigest()
    figures = json.dumps(_figures(groups).as_json(), sort_keys=True, separators=(",", ":"))
    return f"{urlsafe_b64encode(figures.encode()).decode().rstrip('=')}.{digest[:32]}"


def _compare(quoted: str, now: str) -> None:
    if quoted == now:
        return
    before, after = _read(quoted), _read(now)
    changed: dict[str, Any] = {
        name: {"quoted": before.get(name), "now": after[name]}
        for name in after
        if before.get(name) != after[name]
    }
    raise EstimateMoved(
        "This is no longer what was estimated: look at the difference, or estimate again.",
        attr="estimate_hash",
        data={
            "difference": changed or {"detail": "Other recipients, prices or words; equal sums."},
            "estimate_hash": now,
        },
    )


def _read(text: str) -> dict[str, Any]:
    try:
        raw = text[:MAX_HASH_LENGTH].partition(".")[0]
        figures = json.loads(urlsafe_b64decode((raw + "=" * (-len(raw) % 4)).encode()))
    except (ValueError, RecursionError) as error:
        raise _no_hash() from error
    if not isinstance(figures, dict):
        raise _no_hash()
    return figures


def _no_hash() -> InvalidInput:
    return InvalidInput("This is no estimate's hash.", attr="estimate_hash")
