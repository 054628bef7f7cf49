"""`python -m benchmarks.recovery`: seconds until messages flow again, and until all is finished.

After a kill of the sending workers, a FLUSHALL and an immediate shutdown of PostgreSQL, each in
mid-broadcast, with the stack that `make run` starts and the settings of production: the lease above
all, which says when the messages that were in dead hands are settled. By Telegram, which reports
nothing, so that nothing else settles them; or with `--platform WHATSAPP`, whose receipts do.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.own_stack import own_stack, say, tell

if TYPE_CHECKING:
    from benchmarks.under_way import UnderWay
    from config.stack.stack import Stack

MESSAGES = 1000
PER_SECOND = 50
FAULT_AT = 5.0
"""Seconds after the start of each broadcast."""
FLOWING = 60.0
"""Within which messages must flow again."""
SENDING_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    title: str
    do: "Callable[[Stack], None]"
    sending_processes: int
    """The batches of so many may be left without an answer."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to a broadcast, and when, by the wall's clock and the monotonic one."""

    fault: Fault
    under_way: "UnderWay"
    at: datetime
    monotonic: float
    flowing: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--platform", default="TELEGRAM", choices=["TELEGRAM", "WHATSAPP"])
    given = parser.parse_args()
    with own_stack() as stack:
        # One after the other; their leases run out side by side.
        done = [_interrupted(fault, stack, platform=given.platform) for fault in FAULTS]
        say("waiting for leases to run out")
        figures = [_finished(each, stack) for each in done]
    tell("recovery", {"platform": given.platform, "faults": figures})
    return 1 if any(each["breaches"] for each in figures) else 0


def kill_the_sending_workers(stack: "Stack") -> None:
    """The pool and its children at once, as the kernel's out-of-memory killer might."""
    from benchmarks.victims import family, killed, member

    killed(*family(member("sending")))


def flush_valkey(stack: "Stack") -> None:
    import redis

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()


def shut_postgres_down(stack: "Stack") -> None:
    """Immediately, as good as a power cut; its keeper starts it again."""
    import signal

    from benchmarks.victims import postmaster

    postmaster().send_signal(signal.SIGQUIT)


FAULTS = (
    Fault("kill", "kill -9 of the sending workers", kill_the_sending_workers, SENDING_PROCESSES),
    Fault("flush", "FLUSHALL", flush_valkey, 0),
    Fault("postgres", "immediate shutdown of PostgreSQL", shut_postgres_down, SENDING_PROCESSES),
)


def _interrupted(fault: Fault, stack: "Stack", *, platform: str) -> Done:
    """Returns when nothing waits to be sent any more but what is in dead hands."""
    from django.utils import timezone

    from benchmarks.under_way import started, until
    from channels.platforms import Platform

    under_way = started(
        platform=Platform(platform),
        messages=MESSAGES,
        per_second=PER_SECOND,
        sandbox_url=stack.sandbox_url,
    )
    until(lambda: under_way.is_flowing_since(under_way.began), seconds=FLOWING, of="a first batch")
    time.sleep(FAULT_AT)
    at, monotonic = timezone.now(), time.monotonic()
    fault.do(stack)
    say(fault.title)
    again = until(lambda: under_way.is_flowing_since(at), seconds=FLOWING, of="messages flow")
    flowing = (again - at).total_seconds()
    say(f"  flows again after {flowing:.1f} s")
    until(lambda: under_way.left() == 0, seconds=FLOWING * 2, of="all claimed")
    return Done(fault, under_way, at, monotonic, flowing)


def _finished(done: Done, stack: "Stack") -> dict[str, Any]:
    from django.conf import settings

    from benchmarks.under_way import in_hand_of, longest_silence, until
    from tests.chaos.oracle import breaches_of
    from tests.chaos.witness import Witness

    seconds = 2 * settings.BROADCAST_BATCH_LEASE + settings.BROADCAST_UNKNOWN_GRACE
    finished = until(done.under_way.finished_at, seconds=seconds, of="finished")
    scenario = done.under_way.scenario
    accepted = Witness(stack.sandbox_url).accepted(scenario.sender.account_id)
    explained = in_hand_of(done.fault.sending_processes)
    breaches = breaches_of(scenario, accepted=accepted, unknown_explained=explained)
    statuses = done.under_way.statuses()
    say(f"{done.fault.title}: {statuses}, {breaches or 'nothing amiss'}")
    return {
        "fault": done.fault.title,
        "flows_again_seconds": round(done.flowing, 1),
        "longest_silence_seconds": longest_silence(accepted, around=done.monotonic),
        "killed_batches_settled_seconds": _swept(done),
        "finished_seconds": round((finished - done.at).total_seconds(), 1),
        "lease_seconds": settings.BROADCAST_BATCH_LEASE,
        "statuses": statuses,
        "accepted_by_the_sandbox": len(accepted),
        "accepted_twice": len(accepted) - len({each["to"] for each in accepted}),
        "breaches": breaches,
    }


def _swept(done: Done) -> float | None:
    """When the last batch in dead hands was taken back; None if there was none."""
    from django.db.models import Max

    from broadcast.models import Batch

    of_it = Batch.objects.filter(broadcast=done.under_way.scenario.broadcast)
    last = of_it.aggregate(last=Max("swept_at"))["last"]
    return round((last - done.at).total_seconds(), 1) if last else None


if __name__ == "__main__":
    sys.exit(main())
