"""`python -m benchmarks.kill_each`: kills each process of `make run` in turn, during a broadcast.

Logs each kill, when the process ran again and when messages flowed again; at the end, compares the
database, the ledger and the sandbox's books. The broadcast uses WhatsApp, so that receipts come
through the web server and the worker all the time.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.own_stack import log, own_stack, write_result

if TYPE_CHECKING:
    import psutil

    from benchmarks.books import Books
    from benchmarks.under_way import UnderWay
    from benchmarks.victims import Victim

PER_SECOND = 30
BACK = 60.0
"""Most seconds until the process runs again, and until messages flow again."""
RECEIPTS = 45.0
"""Seconds for which the sandbox retries its webhook calls."""
BETWEEN = 3.0
"""Seconds from one recovery to the next kill."""


@dataclass(slots=True)
class Rig:
    under_way: "UnderWay"
    books: "Books"
    explained: int = 0
    kills: list[dict[str, Any]] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_each", description=__doc__)
    parser.add_argument("--messages", type=int, default=4500)
    parser.add_argument("--only", nargs="+", default=[], help="kill only these processes")
    options = parser.parse_args()
    with own_stack() as stack:
        from benchmarks.books import Books
        from benchmarks.under_way import started
        from benchmarks.victims import victims
        from channels.platforms import Platform

        under_way = started(
            platform=Platform.WHATSAPP,
            messages=options.messages,
            per_second=PER_SECOND,
            sandbox_url=stack.sandbox_url,
        )
        log(f"a broadcast to {options.messages} at {PER_SECOND} messages a second")
        rig = Rig(under_way, Books(stack.sandbox_url, under_way))
        for victim in victims(stack):
            if not options.only or victim.name in options.only:
                _kill(victim, rig)
        figures = _ended(rig)
    write_result("kill_each", figures)
    return 1 if figures["breaches"] else 0


def _kill(victim: "Victim", rig: Rig) -> None:
    from django.utils import timezone

    from benchmarks.under_way import in_hand_of, until
    from benchmarks.victims import kill

    time.sleep(BETWEEN)
    if rig.under_way.left() == 0:
        raise RuntimeError(f"All messages are sent already: too few for a kill of {victim.name}.")
    process = victim.find()
    if victim.name == "sandbox":
        rig.books.save()
    at, began = timezone.now(), time.monotonic()
    kill(process)
    rig.explained += in_hand_of(victim.sending_processes)
    log(f"kill -9 {victim.name} (pid {process.pid})")
    until(lambda: _is_another(victim, process), seconds=BACK, what=f"another {victim.name}")
    restarted = time.monotonic() - began
    until(lambda: victim.works(at), seconds=BACK, what=f"{victim.name} works")
    works = time.monotonic() - began
    flowing = until(lambda: rig.under_way.is_flowing_since(at), seconds=BACK, what="messages flow")
    seconds = (flowing - at).total_seconds()
    log(
        f"    started again after {restarted:.1f} s, works after {works:.1f} s; "
        f"the next batch was handed over after {seconds:.1f} s"
    )
    rig.kills.append(
        {
            "killed": victim.name,
            "monotonic": began,
            "started_again_seconds": round(restarted, 1),
            "works_seconds": round(works, 1),
            "next_batch_seconds": round(seconds, 1),
        }
    )


def _is_another(victim: "Victim", killed: "psutil.Process") -> bool:
    import psutil

    try:
        process = victim.find()
        return process != killed and process.status() != psutil.STATUS_ZOMBIE
    except (LookupError, ValueError, OSError, RuntimeError, psutil.Error):
        return False


def _ended(rig: Rig) -> dict[str, Any]:
    from django.conf import settings

    from benchmarks.under_way import longest_silence, until

    log("each process was killed once; waiting for the end")
    seconds = 300 + settings.BROADCAST_BATCH_LEASE + settings.BROADCAST_UNKNOWN_GRACE
    until(rig.under_way.finished_at, seconds=seconds, what="finished")
    breaches = _breaches(rig)
    accepted = rig.books.accepted()
    for kill in rig.kills:
        kill["longest_silence_seconds"] = longest_silence(accepted, around=kill.pop("monotonic"))
    statuses = rig.under_way.statuses()
    log(f"finished: {statuses}; {breaches or 'no breaches'}")
    return {
        "kills": rig.kills,
        "statuses": statuses,
        "accepted_by_the_sandbox": len(accepted),
        "accepted_twice": len(accepted) - len({record["to"] for record in accepted}),
        "unknown_at_most": rig.explained,
        "in_books_that_died": len(rig.books.lost()),
        "breaches": breaches,
    }


def _breaches(rig: Rig) -> list[str]:
    """The breaches that remain after the last receipts have had time to arrive."""
    from tests.chaos.oracle import breaches_of

    deadline = time.monotonic() + RECEIPTS
    while True:
        breaches = breaches_of(
            rig.under_way.scenario, accepted=rig.books.accepted(), unknown_explained=rig.explained
        )
        lost = {f"#{seq} " for seq in rig.books.lost()}
        breaches = [breach for breach in breaches if not breach.startswith(tuple(lost))]
        if not breaches or time.monotonic() > deadline:
            return breaches
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
