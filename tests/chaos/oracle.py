"""What must hold after a run, from the database and from the sandbox's own log."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from broadcast.models import Batch, Broadcast, BroadcastMessage
from broadcast.states import FINISHED, BroadcastStatus
from tests.chaos.faults import Chaos
from tests.chaos.scenario import Scenario

OPEN = ("PENDING", "SENDING")
REACHED = ("SENT", "DELIVERED", "READ")


def breaches(chaos: Chaos) -> list[str]:
    """Everything that does not hold (yet); what was wrongly sent stays wrong."""
    scenario = chaos.scenario
    accepted = chaos.witness.accepted(scenario.account.books)
    rows = list(BroadcastMessage.objects.filter(broadcast=scenario.broadcast).order_by("seq"))
    return [
        *sent_twice(accepted),
        *_not_finished(chaos, rows),
        *_against_the_witness(chaos, rows, accepted),
        *_parts_of_a_request(rows, accepted),
        *_too_many_unknown(chaos, rows),
        *_books(scenario),
        *_after_the_cancel(chaos),
    ]


def sent_twice(accepted: list[dict[str, Any]]) -> list[str]:
    times = Counter(each["to"] for each in accepted)
    return [f"{to} was accepted {n} times" for to, n in times.items() if n > 1]


def _not_finished(chaos: Chaos, rows: list[BroadcastMessage]) -> list[str]:
    broadcast = Broadcast.objects.get(pk=chaos.scenario.broadcast.pk)
    found = Counter(row.status for row in rows if row.status in OPEN)
    wrong = [f"{count} rows are {status}" for status, count in found.items()]
    ends = {BroadcastStatus.CANCELLED} if chaos.cancelled_by else FINISHED
    if broadcast.status not in ends:
        wrong.append(f"the broadcast is {broadcast.status} {broadcast.pause_reason}".rstrip())
    return wrong


def _against_the_witness(
    chaos: Chaos, rows: list[BroadcastMessage], accepted: list[dict[str, Any]]
) -> list[str]:
    account = chaos.scenario.account
    is_sent_again = chaos.scenario.is_idempotent and chaos.cancelled_by is None
    by_address = {str(row.address).lstrip("+"): row for row in rows}
    taken = {each["to"]: each for each in accepted}
    wrong = [
        f"#{row.seq} is {row.status} but was not accepted"
        for to, row in by_address.items()
        if row.status in REACHED and to not in taken
    ]
    for to, each in taken.items():
        row = by_address[to]
        reported = set(each["reported"])
        if "failed" in reported:
            allowed: tuple[str, ...] = ("FAILED",)
        elif reported:
            allowed = REACHED
        else:
            # A repeated id is ignored and answered: there the second answer says what became of it.
            allowed = REACHED if is_sent_again else (*REACHED, "UNKNOWN")
        if account.told_by_answer:
            allowed = (*allowed, "UNKNOWN")
        if row.status not in allowed:
            wrong.append(f"#{row.seq} was accepted, reported {sorted(reported)}, is {row.status}")
        if account.reports and not reported and each["behaviour"] != "silent":
            wrong.append(f"#{row.seq} was accepted and never reported on")
    return wrong


def _parts_of_a_request(rows: list[BroadcastMessage], accepted: list[dict[str, Any]]) -> list[str]:
    """What is unknown of a request for many is unknown of all of it."""
    status = {str(row.address).lstrip("+"): row.status for row in rows}
    of_request: dict[str, list[str]] = defaultdict(list)
    for each in accepted:
        request, is_shared, _ = each["message_id"].partition(":")
        if is_shared and each["provider"] == "msg91":
            of_request[request].append(status[each["to"]])
    return [
        f"{found.count('UNKNOWN')} of a request's {len(found)} messages are UNKNOWN"
        for found in of_request.values()
        if 0 < found.count("UNKNOWN") < len(found)
    ]


def _too_many_unknown(chaos: Chaos, rows: list[BroadcastMessage]) -> list[str]:
    unknown = sum(row.status == "UNKNOWN" for row in rows)
    allowed = chaos.allowance + chaos.scenario.ambiguous * chaos.scenario.at_once
    return [f"{unknown} rows are UNKNOWN, {allowed} explained"] if unknown > allowed else []


COUNTED = """
SELECT c.total, count(m.id), {columns},
       c.cost, coalesce(sum(m.price) FILTER (WHERE m.charge_state = 'CAPTURED'), 0)
FROM broadcast_broadcastcounters c
LEFT JOIN broadcast_broadcastmessage m ON m.broadcast_id = c.broadcast_id
WHERE c.broadcast_id = %s GROUP BY c.broadcast_id
"""
STATUSES = (
    "pending", "sending", "sent", "delivered", "read", "failed", "unknown", "suppressed",
    "cancelled", "expired",
)  # fmt: skip
MONEY = """
SELECT w.balance, (SELECT sum(balance_delta) FROM wallet_ledgerentry e WHERE e.wallet_id = w.id),
       w.held, (SELECT sum(held_delta) FROM wallet_ledgerentry e WHERE e.wallet_id = w.id),
       (SELECT sum(amount - captured - released) FROM wallet_hold h WHERE h.wallet_id = w.id),
       (SELECT sum(price) FROM broadcast_broadcastmessage m
        WHERE m.tenant_id = w.tenant_id AND m.charge_state = 'HELD'),
       (SELECT -sum(balance_delta) FROM wallet_ledgerentry e
        WHERE e.wallet_id = w.id AND kind IN ('CAPTURE', 'REFUND')),
       (SELECT sum(price) FROM broadcast_broadcastmessage m
        WHERE m.tenant_id = w.tenant_id AND m.charge_state = 'CAPTURED')
FROM wallet_wallet w WHERE w.tenant_id = %s
"""


def _books(scenario: Scenario) -> list[str]:
    """Counters equal rows; entries, holds and prices say the same."""
    columns = ", ".join(
        f"c.{name}, count(m.id) FILTER (WHERE m.status = '{name.upper()}')" for name in STATUSES
    )
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(columns=columns), [scenario.broadcast.pk])
        counted = cursor.fetchone()
        cursor.execute(MONEY, [scenario.tenant.pk])
        balance, entries, held, held_entries, open_holds, held_rows, spent, captured = (
            each or 0 for each in cursor.fetchone()
        )
    pairs = list(zip(("total", *STATUSES, "cost"), counted[::2], counted[1::2], strict=True))
    pairs += [
        ("balance and its entries", balance, entries),
        ("held and its entries", held, held_entries),
        ("held and open holds", held, open_holds),
        ("held and rows", held, held_rows),
        ("captured and rows", spent, captured),
    ]
    return [f"{name}: {one} against {other}" for name, one, other in pairs if one != other]


def _after_the_cancel(chaos: Chaos) -> list[str]:
    if chaos.cancelled_by is None:
        return []
    late = Batch.objects.filter(
        broadcast=chaos.scenario.broadcast,
        claimed_at__gt=datetime.fromtimestamp(chaos.cancelled_by, UTC),
    ).count()
    return [f"{late} batches were claimed after the cancel"] if late else []
