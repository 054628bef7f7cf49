"""`python -m benchmarks.due`: the delay from a broadcast's scheduled time to its first hand-over.

Broadcasts of several tenants fall due, some of them at the same instant: first alone, then beside
another tenant's big broadcast that is sent without a delay. The workers and beat of `make run` run
with production settings. Then the big broadcast is repeatedly paused and resumed over the API, and
finally cancelled, to measure what still reaches the provider after the API has answered.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.own_stack import log, own_stack, write_result

if TYPE_CHECKING:
    from broadcast.models import Broadcast
    from channels.models import Sender

BAR = 5.0
"""Most seconds from the scheduled time to the first hand-over, for 99 of 100 broadcasts."""
TENANTS = 6
TOGETHER = 0.25
"""The share that falls due at one instant: many people schedule for nine o'clock."""
RECIPIENTS = 50
SPREAD = 30.0
LEAD = 5.0
DEADLINE = 120.0

FIRST = """
SELECT extract(epoch FROM queued_at - scheduled_at)::float,
       extract(epoch FROM (SELECT min(handed_at) FROM broadcast_batch WHERE broadcast_id = b.id)
                          - scheduled_at)::float
FROM broadcast_broadcast b WHERE id = ANY(%s)
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.due", description=__doc__)
    parser.add_argument("--broadcasts", type=int, default=120)
    parser.add_argument("--big", type=int, default=400_000, help="the other tenant's recipients")
    options = parser.parse_args()
    with own_stack() as stack:
        from benchmarks.halting import measure_halting
        from benchmarks.processes import stub
        from benchmarks.scene import send

        with stub() as (url, _):
            senders = _senders(url)
            # All are planned before the measurement, which is about starting only.
            first, second = (_planned(senders, options.broadcasts) for _ in range(2))
            big = _big(options.big, url=url)
            log(f"{options.broadcasts} broadcasts of {TENANTS} tenants, alone")
            figures: dict[str, Any] = {"alone": _measured(first, seed=1)}
            send(big)
            log("the same beside a big broadcast")
            figures["beside"] = _measured(second, seed=2)
            big.refresh_from_db()
            figures["beside"]["big_was_still_sending"] = big.status == "SENDING"
            log("pausing and cancelling")
            figures |= measure_halting(big, web_url=stack.web_url, stub_url=url)
    write_result("due", figures)
    kept = all(figures[name]["handed_over"]["p99"] <= BAR for name in ("alone", "beside"))
    return 0 if kept and figures["beside"]["big_was_still_sending"] else 1


def _senders(url: str) -> "list[Sender]":
    """One sender per tenant, with the default batch delay."""
    from benchmarks.scene import Case, sender_for, tenant_with
    from channels.models import Sender
    from channels.platforms import Platform

    case = Case(Platform.TELEGRAM)
    senders = [
        sender_for(case, tenant=tenant_with(0), stub_url=url, lanes=1) for _ in range(TENANTS)
    ]
    rows = Sender.objects.filter(pk__in=[sender.pk for sender in senders])
    rows.update(batch_delay=None)
    return list(rows.select_related("tenant"))


def _planned(senders: "Sequence[Sender]", count: int) -> "list[Broadcast]":
    return [_planned_one(senders[n % len(senders)]) for n in range(count)]


def _planned_one(sender: "Sender") -> "Broadcast":
    """A broadcast to new contacts, because Telegram limits messages to one contact per second."""
    from django.utils import timezone

    from benchmarks.accounts import TEXT
    from benchmarks.scene import more_contacts
    from broadcast import lifecycle
    from broadcast.planning.plan import RecipientRef

    now = timezone.now()
    broadcast = lifecycle.create(
        tenant=sender.tenant,
        actor=None,
        fields={"name": "Due", "platform": sender.platform, "sender": sender, "text": TEXT},
        recipients=[
            RecipientRef(contact=contact_id)
            for contact_id in more_contacts(tenant=sender.tenant, count=RECIPIENTS)
        ],
        now=now,
    )
    return lifecycle.schedule(
        tenant=sender.tenant, broadcast_id=broadcast.pk, at=now + timedelta(hours=1), now=now
    )


def _big(recipients: int, *, url: str) -> "Broadcast":
    from benchmarks.scene import Case, planned, sender_for, tenant_with
    from channels.platforms import Platform

    case = Case(Platform.TELEGRAM)
    return planned(
        case, sender=sender_for(case, tenant=tenant_with(recipients), stub_url=url, lanes=2)
    )


def _measured(broadcasts: "Sequence[Broadcast]", *, seed: int) -> dict[str, Any]:
    """Schedules the broadcasts, waits for all hand-overs, and returns their delays."""
    from django.db import connection

    from benchmarks.percentiles import percentiles

    _schedule(broadcasts, random=Random(seed))  # noqa: S311 - the same times in every run
    deadline = time.monotonic() + LEAD + SPREAD + DEADLINE
    while True:
        with connection.cursor() as cursor:
            cursor.execute(FIRST, [[broadcast.pk for broadcast in broadcasts]])
            rows = cursor.fetchall()
        if all(handed is not None for _, handed in rows):
            break
        if time.monotonic() > deadline:
            raise RuntimeError("Some broadcasts were never handed over.")
        time.sleep(0.5)
    return {
        "broadcasts": len(broadcasts),
        "together": int(len(broadcasts) * TOGETHER),
        "queued": percentiles([queued for queued, _ in rows]),
        "handed_over": percentiles([handed for _, handed in rows]),
    }


def _schedule(broadcasts: "Sequence[Broadcast]", *, random: Random) -> None:
    """Sets all times in one statement; the broadcasts are SCHEDULED already."""
    from django.utils import timezone

    from broadcast.models import Broadcast

    start = timezone.now() + timedelta(seconds=LEAD)
    at_once = start + timedelta(seconds=SPREAD / 2)
    for n, broadcast in enumerate(broadcasts):
        own = start + timedelta(seconds=random.uniform(0, SPREAD))
        broadcast.scheduled_at = at_once if n < len(broadcasts) * TOGETHER else own
    Broadcast.objects.bulk_update(broadcasts, ["scheduled_at"])


if __name__ == "__main__":
    sys.exit(main())
