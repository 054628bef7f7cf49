"""What a broadcast would come to if it were sent now: nothing is written.

The same SQL that plans judges, prices and counts the recipients, in sets. An estimate's hash
carries its figures and a digest of every recipient, price and word: what quotes it is refused if
anything moved, and told what.
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
from broadcast.content import checking as content
from broadcast.errors import EstimateMoved, IllegalMove, NoRecipients
from broadcast.models import Broadcast
from broadcast.planning import plan as planning
from broadcast.planning.duration import sending_seconds
from broadcast.planning.eligibility import eligibility_sql
from broadcast.planning.plan import RecipientRef
from broadcast.planning.warnings import Warned, warnings_of
from broadcast.states import EDITABLE, BroadcastStatus
from wallet.models import Wallet

MAX_HASH_LENGTH = 1000

# Per reason and country; the last column differs as soon as any one recipient does.
GROUPS = """
SELECT reason, country, count(*), count(*) FILTER (WHERE price = 0), sum(segments), sum(price),
       sum(hashtextextended(concat_ws('|', contact_id, coalesce(address, ''), reason, segments,
                                      round(price, 6)), 0))::text
FROM {rows} GROUP BY reason, country ORDER BY reason, country
"""
OF_PLAN = GROUPS.format(
    rows="(SELECT m.*, m.error_code AS reason FROM broadcast_broadcastmessage m "
    "WHERE m.broadcast_id = %(broadcast)s) planned"
)
OF_SOURCE = f"{{source}}, {{resolved}} {GROUPS.format(rows='resolved')}"


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
    """`available_after` may be below zero: what is missing. `seconds`: at least."""

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
    """Of a DRAFT, or one that is not saved, as it would be planned now; of a SCHEDULED one, its
    plan. `recipients`: of one that is not saved.

    Raises what sending it would raise, but for too little credit: that is a warning.
    """
    if broadcast.status not in EDITABLE:
        raise IllegalMove(f"A broadcast that is {broadcast.status} is past estimating.")
    if broadcast.status == BroadcastStatus.SCHEDULED:
        return _of(broadcast, _groups(OF_PLAN, {"broadcast": broadcast.pk}), is_held=True)
    content.check_content(broadcast)
    source, values = _source(broadcast, recipients)
    resolved, params = eligibility_sql(broadcast, now)
    sql = OF_SOURCE.format(source=source, resolved=resolved)
    return _of(broadcast, _groups(sql, {**params, **values}), is_held=False)


def require_unmoved(*, broadcast: Broadcast, quoted: str, now: datetime) -> None:
    """Before it is planned. Raises EstimateMoved with the difference, InvalidInput."""
    _compare(quoted, estimate(broadcast=broadcast, now=now).hash)


def require_planned_as_estimated(*, broadcast: Broadcast, quoted: str) -> None:
    """Once it is planned: against its rows. Raises as `require_unmoved`."""
    _compare(quoted, _hash(broadcast, _groups(OF_PLAN, {"broadcast": broadcast.pk})))


def _source(
    broadcast: Broadcast, recipients: Sequence[RecipientRef] | None
) -> tuple[str, dict[str, Any]]:
    if recipients is not None and broadcast.audience is not None:
        raise InvalidInput("Give recipients or an audience, not both.", attr="audience")
    if broadcast.audience is not None:
        return f"WITH source AS ({planning.source_of_audience(broadcast)})", {}
    if recipients is None:
        return f"WITH source AS ({planning.SOURCE_ROWS})", {}
    sql = f"{planning.ONCE}, source AS (SELECT n AS seq, id AS contact_id, overrides FROM once)"
    return sql, planning.refs_of(broadcast, recipients)


def _groups(sql: str, params: Mapping[str, Any]) -> list[OutcomeGroup]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [OutcomeGroup(*row) for row in cursor.fetchall()]


def _of(broadcast: Broadcast, groups: Sequence[OutcomeGroup], *, is_held: bool) -> Estimate:
    if not groups:
        raise NoRecipients(
            "There is nobody to send to: give recipients, or an audience that somebody is in.",
            attr="recipients" if broadcast.audience is None else "audience",
        )
    sender = broadcast.sender
    if sender is None:
        raise InvalidInput("A sender is needed before estimating.", attr="sender")
    figures = _figures(groups)
    wallet = Wallet.objects.filter(tenant=broadcast.tenant_id).first() or Wallet()
    after = wallet.available - (Decimal(0) if is_held else figures.cost)
    return Estimate(
        total=sum(each.messages for each in groups),
        to_send=figures.to_send,
        suppressed=figures.suppressed,
        segments=figures.segments,
        cost=figures.cost,
        currency=sender.currency,
        category=broadcast.category,
        countries=[each for each in groups if not each.reason],
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
            unpriced=sum(each.unpriced for each in groups if not each.reason),
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
    for each in groups:
        if each.reason:
            suppressed[each.reason] = suppressed.get(each.reason, 0) + each.messages
    sent = [each for each in groups if not each.reason]
    return _Figures(
        to_send=sum(each.messages for each in sent),
        suppressed=suppressed,
        segments=int(sum(each.segments for each in sent)),
        cost=sum((each.cost for each in sent), Decimal(0)),
    )


HASHED_FIELDS = (*Broadcast.CONTENT_FIELDS, "track_urls")
"""A change of any of these makes another estimate."""


def _hash(broadcast: Broadcast, groups: Sequence[OutcomeGroup]) -> str:
    said = {
        field.attname: getattr(broadcast, field.attname)
        for field in Broadcast._meta.concrete_fields
        if field.name in HASHED_FIELDS
    }
    rows = [
        (
            each.reason,
            each.country,
            each.messages,
            int(each.segments),
            f"{each.cost:.6f}",
            each.fingerprint,
        )
        for each in groups
    ]
    digest = sha256(json.dumps([said, rows], sort_keys=True, default=str).encode()).hexdigest()
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
