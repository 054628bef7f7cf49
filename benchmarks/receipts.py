"""`python -m benchmarks.receipts`: how many receipts a second are received over HTTP and applied.

The bodies are Meta's, signed, with one status per request. Receiving is measured on gunicorn as it
is deployed, compared with a view that does nothing on the same server. Applying is measured in this
process, with a worker's code, on stored events.
"""

import asyncio
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import psutil

from benchmarks.processes import cpu_seconds
from benchmarks.servers import data_folder, throw_away
from config.environment import BASE_DIR
from config.ports import free_port

if TYPE_CHECKING:
    from uuid import UUID

    from channels.models import ProviderApp

SECRET = "a-made-up-app-secret"  # noqa: S105 - signs the benchmark's own calls
AT_ONCE = 32
CHUNK = 5000

ROWS = """
INSERT INTO broadcast_broadcastmessage (id, tenant_id, broadcast_id, seq, contact_id, address,
    variables, token, status, error_code, provider_error_code, error_message, provider_message_id,
    attempts, price, currency, country, segments, charge_state, clicked, created_at, status_at,
    sent_at)
SELECT uuidv7(), %(tenant)s, %(broadcast)s, n, gen_random_uuid(), '+4915' || (100000000 + n), '{}',
    n, 'SENT', '', '', '', 'wamid.' || n, 1, 0, 'EUR', 'DE', 1, '', false, now(), now(), now()
FROM generate_series(1, %(count)s) n
"""


def main() -> int:
    parser = ArgumentParser(prog="python -m benchmarks.receipts", description=__doc__)
    parser.add_argument("--events", type=int, default=30_000, help="receipts to apply")
    parser.add_argument("--posts", type=int, default=6_000, help="HTTP calls of each kind")
    options = parser.parse_args()
    with throw_away():
        figures = {
            "applied_per_second": applied(options.events),
            **received(options.posts),
        }
    text = json.dumps(figures, indent=2)
    (data_folder() / "receipts.json").write_text(text)
    sys.stdout.write(f"{text}\n")
    return 0


def applied(count: int) -> float:
    """Receipts applied per second; each stored event holds one receipt."""
    from django.utils import timezone

    from inbound.applying.applying import apply_block
    from inbound.models import EventStatus, ProviderEvent

    app = _app()
    ids = _messages(app, count)
    for start_at in range(0, count, CHUNK):
        ProviderEvent.objects.bulk_create(
            ProviderEvent(app=app, body=body_for(message_id), received_at=timezone.now())
            for message_id in ids[start_at : start_at + CHUNK]
        )
    began = time.perf_counter()
    while apply_block(now=timezone.now()):
        pass
    seconds = time.perf_counter() - began
    if ProviderEvent.objects.exclude(status=EventStatus.APPLIED).exists():
        raise RuntimeError("Some events were not applied.")
    return round(count / seconds)


def received(count: int) -> dict[str, float]:
    """Webhook calls per second that the web server receives, beside a view that does nothing."""
    app = _app()
    ids = _messages(app, count)
    bodies = [body_for(message_id) for message_id in ids]
    calls = [(body, signature_of(body)) for body in bodies]
    with web_server() as (url, process):
        asyncio.run(_post(f"{url}/nothing/", calls[:500]))
        asyncio.run(_post(f"{url}{app.webhook_path}", calls[:500]))
        rates: dict[str, list[float]] = {"nothing": [], "webhook": []}
        before, cpu = _memory(process), cpu_seconds([process])
        for _ in range(3):
            rates["nothing"].append(asyncio.run(_post(f"{url}/nothing/", calls)))
            rates["webhook"].append(asyncio.run(_post(f"{url}{app.webhook_path}", calls)))
        used = cpu_seconds([process]) - cpu
        after = _memory(process)
    webhook, nothing = sorted(rates["webhook"])[1], sorted(rates["nothing"])[1]
    return {
        "webhook_calls_per_second": round(webhook),
        "trivial_calls_per_second": round(nothing),
        "webhook_to_trivial": round(webhook / nothing, 2),
        "web_cpu_seconds_per_1000_calls": round(used / (6 * count) * 1000, 3),
        "web_rss_mb_before": round(before / 2**20),
        "web_rss_mb_after": round(after / 2**20),
    }


@contextmanager
def web_server() -> Iterator[tuple[str, psutil.Process]]:
    """gunicorn as it is deployed, with a second route to a view that does nothing."""
    port = free_port(8765)
    log = data_folder() / "web.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "python:config.web_server", "config.wsgi"]
    own = {"BIND": f"127.0.0.1:{port}", "DJANGO_SETTINGS_MODULE": "benchmarks.web_settings"}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=BASE_DIR, env={**os.environ, **own}, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        asyncio.run(_until_it_answers(f"{url}/nothing/", process, log))
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


async def _until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                async with session.post(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
    raise RuntimeError(f"The web server does not answer; see {log}")


async def _post(url: str, calls: Sequence[tuple[bytes, str]]) -> float:
    """Calls per second, AT_ONCE at a time over persistent connections."""
    todo = iter(calls)

    async def post_remaining(session: aiohttp.ClientSession) -> None:
        for body, signature in todo:
            headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                if answer.status != 200:  # noqa: PLR2004
                    raise RuntimeError(f"{answer.status} from {url}")

    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session:
        began = time.perf_counter()
        await asyncio.gather(*(post_remaining(session) for _ in range(AT_ONCE)))
        return len(calls) / (time.perf_counter() - began)


def _app() -> "ProviderApp":
    from channels.models import ProviderApp
    from postgres.ids import new_id
    from tenants.models import Tenant

    tenant = Tenant.objects.create(name="Bench", slug=f"bench-{new_id()}")
    return ProviderApp.objects.create(
        tenant=tenant,
        provider="meta_cloud",
        name="Bench",
        secrets={"app_secret": SECRET, "verify_token": "v"},
    )


def _messages(app: "ProviderApp", count: int) -> "list[UUID]":
    from django.db import connection

    from broadcast.models import Broadcast, BroadcastCounters, BroadcastMessage

    broadcast = Broadcast.objects.create(tenant=app.tenant, name="Bench", platform="WHATSAPP")
    BroadcastCounters.objects.create(
        broadcast=broadcast, total=count, sent=count, handed_over=count
    )
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"tenant": app.tenant_id, "broadcast": broadcast.pk, "count": count})
        cursor.execute("ANALYZE broadcast_broadcastmessage")
    messages = BroadcastMessage.objects.filter(broadcast=broadcast).order_by("seq")
    return list(messages.values_list("pk", flat=True))


def body_for(message_id: "UUID") -> bytes:
    """One status, `delivered`, which names its message by our id."""
    status = {
        "id": f"wamid.{message_id}",
        "status": "delivered",
        "timestamp": "1700000000",
        "recipient_id": "491510000000",
        "biz_opaque_callback_data": str(message_id),
    }
    metadata = {"display_phone_number": "4915100000000", "phone_number_id": "1"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [status]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signature_of(body: bytes, *, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _memory(process: psutil.Process) -> int:
    processes = (process, *process.children(recursive=True))
    return sum(int(process.memory_info().rss) for process in processes)


if __name__ == "__main__":
    sys.exit(main())
