"""`python -m benchmarks.burst`: how much a burst of receipts slows a broadcast that is being sent.

One broadcast without a limit is sent to a stub that answers after `--latency` ms. Quiet windows and
bursts alternate: in a burst, signed receipts for the broadcast's own messages are posted to the web
server in Meta's format, at `--rate` calls a second, until all are applied. All processes of
`make run` run as in production; the poster is a separate process, whose CPU is reported too.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.own_stack import APP_SECRET, endpoint_token, log, own_stack, write_result

if TYPE_CHECKING:
    from uuid import UUID

    import psutil

    from broadcast.models import Broadcast
    from channels.models import ProviderApp

BAR = 0.7
"""Least share of the quiet windows' messages a second."""
QUIET = 12.0
WARM = 5.0
DEADLINE = 900.0


@dataclass(slots=True)
class Rig:
    broadcast: "Broadcast"
    app: "ProviderApp"
    groups: "dict[str, list[psutil.Process]]"
    port: int
    folder: Path
    rate: float
    windows: list[dict[str, Any]] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.burst", description=__doc__)
    parser.add_argument("--recipients", type=int, default=800_000)
    parser.add_argument("--receipts", type=int, default=100_000, help="in all rounds together")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--rate", type=float, default=500, help="calls a second, one receipt each")
    parser.add_argument("--latency", type=int, default=50, help="ms")
    options = parser.parse_args()
    with own_stack() as stack:
        from benchmarks.processes import stub

        with stub() as (url, stub_process):
            rig = _rig(options, url=url, web_url=stack.web_url, stub_process=stub_process)
            time.sleep(WARM)
            per_round = options.receipts // options.rounds
            for n, ids in enumerate(_slices(rig, per_round, options.rounds)):
                path = _write_requests(rig, ids)
                rig.windows.append(_quiet(rig, until_sent=(n + 1) * per_round + 500))
                rig.windows.append(_burst(rig, path, ids))
            figures = _figures(rig)
    write_result("burst", {**vars(options), **figures})
    return 0 if figures["with_to_without"] >= BAR and figures["was_still_sending"] else 1


def _rig(
    options: argparse.Namespace, *, url: str, web_url: str, stub_process: "psutil.Process"
) -> Rig:
    from benchmarks.scene import Case, planned, send, sender_for, tenant_with
    from benchmarks.victims import keeper, member
    from channels.models import ProviderApp, Sender
    from channels.platforms import Platform
    from config.environment import DATA_DIR

    case = Case(Platform.WHATSAPP, latency_ms=options.latency)
    sender: Sender = sender_for(case, tenant=tenant_with(options.recipients), stub_url=url, lanes=4)
    app = ProviderApp.objects.create(
        tenant=sender.tenant,
        provider="meta_cloud",
        name="Bench",
        endpoint_token=endpoint_token(sender.account_id),
        secrets={"app_secret": APP_SECRET, "verify_token": "a-made-up-token"},
    )
    Sender.objects.filter(pk=sender.pk).update(app=app)
    sender.refresh_from_db()
    broadcast = planned(case, sender=sender)
    send(broadcast)
    names = ("sending", "web", "worker", "beat")
    groups = {name: [member(name)] for name in names}
    groups |= {"servers": [keeper()], "stub": [stub_process]}
    port = urlsplit(web_url).port
    assert port is not None
    return Rig(broadcast, app, groups, port, DATA_DIR, options.rate)


def _slices(rig: Rig, size: int, count: int) -> "Iterator[Sequence[UUID]]":
    """`count` groups of the broadcast's message ids, in the order of sending."""
    from broadcast.models import BroadcastMessage

    messages = BroadcastMessage.objects.filter(broadcast=rig.broadcast).order_by("seq")
    for n in range(count):
        yield list(messages.values_list("pk", flat=True)[n * size : (n + 1) * size])


def _write_requests(rig: Rig, ids: "Sequence[UUID]") -> Path:
    """Writes the requests to a file, signed beforehand, so that posting them costs little."""
    from benchmarks.posting import write_requests
    from benchmarks.receipts import body_for, signature_of

    def request(message_id: "UUID") -> bytes:
        body = body_for(message_id)
        head = (
            f"POST {rig.app.webhook_path} HTTP/1.1\r\nHost: localhost:{rig.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-Hub-Signature-256: {signature_of(body, secret=APP_SECRET)}\r\n\r\n"
        )
        return head.encode() + body

    path = rig.folder / "calls"
    write_requests((request(message_id) for message_id in ids), path)
    return path


def _quiet(rig: Rig, *, until_sent: int) -> dict[str, Any]:
    """A window without a burst: at least QUIET s, and until the next burst's messages are sent."""
    window = _Window(rig)
    deadline = time.monotonic() + DEADLINE
    while window.seconds() < QUIET or _sent(rig) < until_sent:
        if time.monotonic() > deadline:
            raise RuntimeError("The broadcast is not being sent.")
        time.sleep(0.2)
    return {"burst": False, **window.ended()}


def _burst(rig: Rig, path: Path, ids: "Sequence[UUID]") -> dict[str, Any]:
    """A window with a burst; ends when all its receipts are applied."""
    window = _Window(rig)
    command = [sys.executable, "-m", "benchmarks.posting", str(path)]
    poster = subprocess.run(  # noqa: S603 - our own module
        [*command, "--port", str(rig.port), "--rate", str(rig.rate)],
        capture_output=True,
        check=True,
    )
    posted = json.loads(poster.stdout)
    posting_seconds = window.seconds()
    if posted["posted"] != len(ids) or posted["refused"]:
        raise RuntimeError(f"Not all receipts were accepted: {posted}")
    deadline = time.monotonic() + DEADLINE
    while _waiting(rig):
        if time.monotonic() > deadline:
            raise RuntimeError("Receipts are not applied.")
        time.sleep(0.2)
    ended = window.ended()
    ended["cpu_seconds_per_second"]["poster"] = round(posted["cpu_seconds"] / ended["seconds"], 2)
    applied_after = round(ended["seconds"] - posting_seconds, 1)
    return {"burst": True, **ended, "posted": posted, "applied_after_seconds": applied_after}


class _Window:
    """Counts the messages sent and the CPU used from now on."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._began, self._sent, self._cpu = time.monotonic(), _sent(rig), _cpu(rig)

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def ended(self) -> dict[str, Any]:
        seconds, sent, cpu = self.seconds(), _sent(self._rig) - self._sent, _cpu(self._rig)
        log(f"{sent / seconds:.0f} messages/s over {seconds:.0f} s")
        used = {
            name: round((cpu[name] - before) / seconds, 2) for name, before in self._cpu.items()
        }
        return {
            "seconds": round(seconds, 1),
            "messages_per_second": round(sent / seconds, 1),
            "cpu_seconds_per_second": used,
        }


def _sent(rig: Rig) -> int:
    from broadcast.models import BroadcastCounters

    return BroadcastCounters.objects.get(pk=rig.broadcast.pk).handed_over


def _cpu(rig: Rig) -> dict[str, float]:
    from benchmarks.processes import cpu_seconds

    return {name: cpu_seconds(group) for name, group in rig.groups.items()}


def _waiting(rig: Rig) -> bool:
    from inbound.models import EventStatus, ProviderEvent

    return ProviderEvent.objects.filter(app=rig.app, status=EventStatus.STORED).exists()


def _figures(rig: Rig) -> dict[str, Any]:
    from broadcast.models import BroadcastCounters

    rig.broadcast.refresh_from_db()
    with_burst, without = (
        median(window["messages_per_second"] for window in rig.windows if window["burst"] is burst)
        for burst in (True, False)
    )
    return {
        "without": without,
        "with": with_burst,
        "with_to_without": round(with_burst / without, 2),
        "delivered": BroadcastCounters.objects.get(pk=rig.broadcast.pk).delivered,
        "was_still_sending": rig.broadcast.status == "SENDING",
        "windows": rig.windows,
    }


if __name__ == "__main__":
    sys.exit(main())
