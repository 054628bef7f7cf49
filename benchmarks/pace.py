"""`python -m benchmarks.pace`: whether senders reach their limits and never exceed them.

Two sending workers share one sender; the sandbox, a separate process, records the times. `share` is
the reached share of the limit over the whole run; `most` is the count of the fullest sliding
second. Both count segments: an SMS here has two, so a limit allows as many whole SMS as fit in it.
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from benchmarks.accounts import SEGMENTS
from benchmarks.processes import Workers, sending_workers
from benchmarks.servers import data_folder, throw_away
from config.environment import BASE_DIR
from config.ports import free_port

ENOUGH = 0.95
RUN_SECONDS = 15
AT_LEAST = 15
PACED = ("TELEGRAM", "SMS", "RCS")
"""WhatsApp is left out: one of its limits applies to messages to the same recipient."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The result of one run; `longest` is the number of segments of a message."""

    platform: str
    longest: int
    limit: int
    batch_size: int
    messages: int
    share: float
    most: int

    @property
    def is_kept(self) -> bool:
        return self.share >= ENOUGH and self.most <= max(self.limit, self.longest)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pace", description=__doc__)
    parser.add_argument("--limits", type=int, nargs="+", default=[1, 30, 80, 1000])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--platform", choices=[*PACED], default="TELEGRAM")
    options = parser.parse_args()
    workers = Workers(options.processes)
    with throw_away(), sandbox() as url, sending_workers(workers, log=data_folder() / "pace.log"):
        paces = [measure(options.platform, limit, url=url) for limit in options.limits]
    for pace in paces:
        verdict = "kept" if pace.is_kept else "NOT KEPT"
        sys.stdout.write(
            f"{pace.platform} {pace.limit:>5}/s in batches of {pace.batch_size}: "
            f"{pace.share:.3f} of the limit reached, at most {pace.most} in a second, "
            f"{pace.messages} messages of {pace.longest} segments: {verdict}\n"
        )
    text = json.dumps([asdict(pace) for pace in paces], indent=2)
    (data_folder() / "pace.json").write_text(text)
    return 0 if all(pace.is_kept for pace in paces) else 1


@contextmanager
def sandbox() -> Iterator[str]:
    port = free_port(8190)
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--no-magic"]
    process = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                _get(f"{url}/_sandbox/health")
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def measure(platform: str, limit: int, *, url: str) -> Pace:
    """Sends one broadcast at this limit, long enough that its start and end weigh little."""
    from benchmarks.scene import Case, planned, send, sender_for, tenant_with
    from channels.models import Sender
    from channels.platforms import Platform

    segments = SEGMENTS.get(Platform(platform), 1)
    messages = max(AT_LEAST, limit * RUN_SECONDS // segments)
    # A batch holds the messages of a quarter of a second; the default suffices up to 200 a second.
    batch_size = max(50, ceil(limit / segments / 4))
    case = Case(Platform(platform))
    sender = sender_for(case, tenant=tenant_with(messages), stub_url=url, lanes=2)
    Sender.objects.filter(pk=sender.pk).update(
        base_url=url, messages_per_second=Decimal(limit), batch_size=batch_size
    )
    sender.refresh_from_db()
    broadcast = planned(case, sender=sender)
    send(broadcast)
    _wait_for(broadcast, seconds=30 + 3 * messages * segments / limit)
    books = sender.credentials.get("account_sid", sender.account_id)
    records = sorted(_accepted(url, books), key=lambda record: record["monotonic"])
    if len(records) != messages or {record["segments"] for record in records} != {segments}:
        raise RuntimeError(
            f"{len(records)} of {messages} were accepted, or not all have {segments} segments."
        )
    seconds = records[-1]["monotonic"] - records[0]["monotonic"]
    rate = (messages - 1) * segments / seconds
    (most,) = _get(f"{url}/_sandbox/summary?account={books}")["max_segments_per_second"].values()
    share = rate / (limit // segments * segments or limit)
    return Pace(platform, segments, limit, batch_size, messages, round(share, 3), int(most))


def _wait_for(broadcast: Any, *, seconds: float) -> None:
    """Waits for the end; runs beat's revive task, which starts lanes whose chain has ended."""
    from broadcast.tasks import revive

    deadline = time.monotonic() + seconds
    while broadcast.status not in {"SENT", "PARTIALLY_SENT", "FAILED"}:
        if time.monotonic() > deadline:
            raise RuntimeError(f"Not finished within {seconds:.0f} s.")
        time.sleep(2.0)
        revive()
        broadcast.refresh_from_db()


def _accepted(url: str, account: str) -> Iterator[dict[str, Any]]:
    after = ""
    while True:
        page = _get(f"{url}/_sandbox/accepted?account={account}&limit=10000{after}")
        yield from page["results"]
        if page["next"] is None:
            return
        after = f"&after={page['next']}"


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own address
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
