"""Runs of the bare loop and of the engine, and the time and CPU that they take."""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from decimal import Decimal

import psutil
from django.conf import settings
from django.db import connection

from benchmarks.accounts import SEGMENTS
from benchmarks.processes import Workers, cpu_seconds, peak_rss
from benchmarks.scene import PRICE, Case, planned, send, sender_for
from benchmarks.servers import Servers
from broadcast.models import Broadcast, BroadcastCounters
from broadcast.states import FINISHED
from config.environment import BASE_DIR
from tenants.models import Tenant

POLL_SECONDS = 0.1
DEADLINE = 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class Result:
    """CPU is in seconds per 1,000 messages; the stub's CPU is not part of `cpu`."""

    messages: int
    seconds: float
    cpu_workers: float
    cpu_postgres: float = 0.0
    cpu_valkey: float = 0.0
    cpu_stub: float = 0.0
    transactions: float = 0.0
    batches_in_flight: float = 0.0
    peak_rss_mb: float = 0.0

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu(self) -> float:
        return self.cpu_workers + self.cpu_postgres + self.cpu_valkey

    def as_json(self) -> dict[str, float]:
        return {**asdict(self), "per_second": self.per_second, "cpu": self.cpu}


@dataclass(frozen=True, slots=True)
class Rig:
    """Everything that runs during the measurement of one kind of workers."""

    workers: Workers
    processes: list[psutil.Process]
    servers: Servers
    stub_url: str
    stub: psutil.Process


def side_by_side(case: Case, *, tenant: Tenant, rig: Rig, messages: int) -> tuple[Result, Result]:
    """The bare loop's and the engine's result; half of the bare loop runs before, half after.

    The machine's speed changes within a minute, so a single bare run could meet another speed.
    """
    half = messages // 2
    before = bare(case, rig=rig, messages=half)
    engine_result = engine(case, tenant=tenant, rig=rig)
    after = bare(case, rig=rig, messages=half)
    return _sum_of_halves(before, after), engine_result


def _sum_of_halves(before: Result, after: Result) -> Result:
    """The result of two runs of the same size."""
    return Result(
        messages=before.messages + after.messages,
        seconds=before.seconds + after.seconds,
        cpu_workers=(before.cpu_workers + after.cpu_workers) / 2,
        cpu_stub=(before.cpu_stub + after.cpu_stub) / 2,
    )


def bare(case: Case, *, rig: Rig, messages: int) -> Result:
    """Sends the same requests with the same client and processes, and stores nothing."""
    workers, url = rig.workers, f"{rig.stub_url}/{case.latency_ms}ms"
    share = messages // workers.processes
    command = [sys.executable, "-m", "benchmarks.bare", "--url", url]
    command += ["--platform", case.platform, "--messages", str(share)]
    command += ["--batch", str(settings.BROADCAST_BATCH_SIZE)]
    command += ["--at-once", str(settings.BATCHES_AT_ONCE * max(1, workers.threads))]
    command += ["--link"] if case.link else []
    started = [
        subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(workers.processes)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    before = cpu_seconds([rig.stub])
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    figures = [json.loads(process.communicate(timeout=DEADLINE)[0]) for process in started]
    sent = share * workers.processes
    if sum(process_figures["accepted"] for process_figures in figures) != sent:
        raise RuntimeError("The bare loop lost messages.")
    return Result(
        messages=sent,
        seconds=max(process_figures["wall"] for process_figures in figures),
        cpu_workers=sum(process_figures["cpu"] for process_figures in figures) / sent * 1000,
        cpu_stub=(cpu_seconds([rig.stub]) - before) / sent * 1000,
    )


def engine(case: Case, *, tenant: Tenant, rig: Rig) -> Result:
    """Sends a whole broadcast with real workers on durable servers, from queued to finished."""
    lanes = 2 * rig.workers.processes * max(1, rig.workers.threads)
    sender = sender_for(case, tenant=tenant, stub_url=rig.stub_url, lanes=lanes)
    broadcast = planned(case, sender=sender)
    groups = (rig.processes, rig.servers.postgres, rig.servers.valkey, [rig.stub])
    before = [cpu_seconds(group) for group in groups]
    began = _transactions()
    send(broadcast)
    _wait_until_finished(broadcast)
    used = [cpu_seconds(group) - start for group, start in zip(groups, before, strict=True)]
    transactions = _transactions() - began
    broadcast.refresh_from_db()
    assert broadcast.queued_at is not None
    assert broadcast.finished_at is not None
    messages = _require_all_sent(case, broadcast)
    cpu_workers, cpu_postgres, cpu_valkey, cpu_stub = (cpu / messages * 1000 for cpu in used)
    return Result(
        messages=messages,
        seconds=(broadcast.finished_at - broadcast.queued_at).total_seconds(),
        cpu_workers=cpu_workers,
        cpu_postgres=cpu_postgres,
        cpu_valkey=cpu_valkey,
        cpu_stub=cpu_stub,
        transactions=transactions / messages,
        batches_in_flight=_in_flight(broadcast),
        peak_rss_mb=peak_rss(rig.processes) / 2**20,
    )


def _wait_until_finished(broadcast: Broadcast) -> None:
    deadline = time.monotonic() + DEADLINE
    while not Broadcast.objects.filter(pk=broadcast.pk, status__in=FINISHED).exists():
        if time.monotonic() > deadline:
            raise RuntimeError("The broadcast did not finish.")
        time.sleep(POLL_SECONDS)


def _require_all_sent(case: Case, broadcast: Broadcast) -> int:
    """The number of messages; all must be sent and paid, because skipped work must not count."""
    counters = BroadcastCounters.objects.get(pk=broadcast.pk)
    if counters.sent != counters.total:
        raise RuntimeError(f"Not all messages were sent: {counters.by_status()}")
    if counters.cost != counters.total * PRICE * SEGMENTS.get(case.platform, 1):
        raise RuntimeError(f"{counters.total} messages cost {counters.cost}.")
    return counters.sent


def _transactions() -> int:
    """Transactions committed in this database so far; forces a flush, because statistics lag."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def _in_flight(broadcast: Broadcast) -> float:
    """The average number of batches that were handed over and not yet settled."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT sum(extract(epoch FROM settled_at - handed_at))
                   / extract(epoch FROM max(settled_at) - min(handed_at))
            FROM broadcast_batch WHERE broadcast_id = %s
            """,
            [broadcast.pk],
        )
        (mean,) = cursor.fetchone()
    return float(Decimal(mean))
