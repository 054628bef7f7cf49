"""`python -m benchmarks.fair_share`: a broadcast to 50, alone and beside another tenant's 100,000.

Both senders have no limit and no delay; two workers send. The bar: beside the big broadcast, the
small one takes at most three times as long plus one batch delay.
"""

import argparse
import json
import sys
import time
from statistics import median
from typing import Any

from benchmarks.processes import Workers, sending_workers, stub
from benchmarks.servers import data_folder, throw_away

SMALL = 50
ROUNDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fair_share", description=__doc__)
    parser.add_argument("--big", type=int, default=100_000)
    options = parser.parse_args()
    log = data_folder() / "fair_share.log"
    with throw_away(), stub() as (url, _), sending_workers(Workers(2), log=log):
        from benchmarks.scene import Case, planned, send, sender_for, tenant_with
        from channels.platforms import Platform

        case = Case(Platform.TELEGRAM)
        small = sender_for(case, tenant=tenant_with(SMALL), stub_url=url, lanes=1)
        big = sender_for(case, tenant=tenant_with(options.big), stub_url=url, lanes=2)
        _seconds(planned(case, sender=small))  # warm-up: the workers' first broadcast is slow
        alone = [_seconds(planned(case, sender=small)) for _ in range(ROUNDS)]
        many = planned(case, sender=big)
        few = [planned(case, sender=small) for _ in range(ROUNDS)]
        send(many)
        beside = [_seconds(broadcast) for broadcast in few]
        many.refresh_from_db()
        figures = {
            "big": options.big,
            "big_was_still_sending": many.status == "SENDING",
            "alone_seconds": round(median(alone), 3),
            "beside_seconds": round(median(beside), 3),
            "slowest_beside_seconds": round(max(beside), 3),
            "ratio": round(median(beside) / median(alone), 2),
        }
    text = json.dumps(figures, indent=2)
    (data_folder() / "fair_share.json").write_text(text)
    sys.stdout.write(f"{text}\n")
    return 0 if figures["big_was_still_sending"] else 1


def _seconds(broadcast: Any) -> float:
    """Sends the broadcast; returns the seconds from queued to finished, by the database's times."""
    from benchmarks.scene import send
    from broadcast.tasks import revive

    send(broadcast)
    revived_at = time.monotonic()
    while broadcast.finished_at is None:
        time.sleep(0.02)
        broadcast.refresh_from_db()
        if time.monotonic() - revived_at > 2:  # noqa: PLR2004 - beat's interval
            revive()
            revived_at = time.monotonic()
    return float((broadcast.finished_at - broadcast.queued_at).total_seconds())


if __name__ == "__main__":
    sys.exit(main())
