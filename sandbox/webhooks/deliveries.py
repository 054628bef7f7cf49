"""Delivers webhook calls: batches due statuses by account, posts and retries the batches."""

import asyncio
import heapq
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import aiohttp

from sandbox.books.witness import Provider, Record, Status
from sandbox.options import Options
from sandbox.webhooks.bodies import ONE_A_CALL, headers_for, signed_body, statuses
from sandbox.webhooks.receipts import Plan

FIRST_BACKOFF: Final = 0.1
LONGEST_BACKOFF: Final = 5.0
FIRST_RECEIPTS_WAIT: Final = 5.0
SUCCESS: Final = range(200, 300)

Account = tuple[Provider, str]
Report = tuple[Record, Status]


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    secret: str = field(default="", repr=False)


@dataclass(slots=True)
class Lane:
    """One account's pending reports and calls, and the tasks that post them."""

    account: Account
    statuses: deque[Report] = field(default_factory=deque)
    bodies: deque[bytes] = field(default_factory=deque)
    workers: set[asyncio.Task[None]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        return len(self.statuses) + len(self.bodies)

    def take(self, batch_size: int) -> tuple[bytes, list[Report]]:
        if self.bodies:
            return self.bodies.popleft(), []
        size = 1 if self.account[0] in ONE_A_CALL else batch_size
        reports = [self.statuses.popleft() for _ in range(min(size, len(self.statuses)))]
        return statuses(self.account, reports, time.time()), reports


class Deliveries:
    """Runs on one event loop from start() to stop(); stop() drops pending calls."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._due: list[tuple[float, int, Record, Status]] = []
        self._order = count()
        self._wake = asyncio.Event()
        self._lanes: dict[Account, Lane] = {}
        self._ticker: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self.targets: dict[Account, Target] = {}
        self.defaults = {
            Provider.META: Target(options.meta_webhook_url, options.meta_app_secret),
            Provider.TELEGRAM: Target(options.telegram_webhook_url, options.telegram_secret_token),
            Provider.TWILIO: Target(options.twilio_webhook_url, options.twilio_auth_token),
            Provider.RBM: Target(options.rbm_webhook_url, options.rbm_client_token),
            Provider.VONAGE: Target(options.vonage_webhook_url, options.vonage_signature_secret),
            Provider.MSG91: Target(options.msg91_webhook_url),
            Provider.GUPSHUP: Target(options.gupshup_webhook_url),
        }
        self.secrets: dict[Account, str] = {}
        """Secrets of accounts that sign with their login's secret (Twilio, Vonage)."""

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._options.webhook_timeout)
        # Close idle connections before common servers (gunicorn: 2 s) close them under a POST.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1.5)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        tasks = [*self._workers(), *([self._ticker] if self._ticker else [])]
        await _cancel(tasks)
        if self._session:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("The sandbox has not been started")
        return self._session

    def target_of(self, account: Account, *, callback: str = "") -> Target | None:
        """Where to post: the callback if there is one, else the account's target or the default.

        The URL of a default target may hold `{account}`.
        """
        target = self.targets.get(account) or self.defaults[account[0]]
        url = callback or target.url.replace("{account}", account[1])
        secret = target.secret or self.secrets.get(account, "")
        return Target(url, secret) if url else None

    def plan(self, record: Record, plan: Plan) -> None:
        now = time.monotonic()
        for delay, status in plan:
            heapq.heappush(self._due, (now + delay, next(self._order), record, status))
        self._lane((record.provider, record.account)).counts["planned"] += len(plan)
        self._wake.set()

    def call(self, account: Account, body: bytes) -> None:
        """Queues one call with this body, due now."""
        lane = self._lane(account)
        lane.bodies.append(body)
        self._employ(lane)

    async def until_reported(self, record: Record, plan: Plan) -> None:
        """Waits, for a bounded time, until the target has acknowledged the whole plan."""
        if self.target_of((record.provider, record.account), callback=record.callback) is None:
            return
        deadline = time.monotonic() + FIRST_RECEIPTS_WAIT
        # An event for each message would cost the hot path more than this rare poll.
        while len(record.reported) < len(plan) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def forget(self, *, account: str | None) -> None:
        """Drops the due statuses, the running calls and the counts of one account, or all."""
        lanes = [lane for key, lane in self._lanes.items() if account in (None, key[1])]
        self._due = [due for due in self._due if account not in (None, due[2].account)]
        heapq.heapify(self._due)
        for lane in lanes:
            lane.statuses.clear()
            lane.bodies.clear()
        await _cancel([worker for lane in lanes for worker in lane.workers])
        for lane in lanes:
            del self._lanes[lane.account]

    def counts(self, *, account: str | None) -> dict[str, int]:
        total: Counter[str] = Counter()
        for key, lane in self._lanes.items():
            if account in (None, key[1]):
                total.update(lane.counts)
        done = total["acknowledged"] + total["given_up"] + total["no_target"]
        return {**{name: total[name] for name in COUNTED}, "pending": total["planned"] - done}

    def waiting_calls(self, account: Account) -> int:
        lane = self._lanes.get(account)
        return len(lane.bodies) if lane else 0

    # --- run by background tasks ---

    async def _tick(self) -> None:
        while True:
            if not self._due:
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(self._options.batch_window)
            self._hand_out_due(time.monotonic())

    def _hand_out_due(self, now: float) -> None:
        lanes = {}
        while self._due and self._due[0][0] <= now:
            _, _, record, status = heapq.heappop(self._due)
            lane = self._lane((record.provider, record.account))
            lane.statuses.append((record, status))
            lanes[lane.account] = lane
        for lane in lanes.values():
            self._employ(lane)

    def _lane(self, account: Account) -> Lane:
        lane = self._lanes.get(account)
        if lane is None:
            lane = self._lanes[account] = Lane(account)
        return lane

    def _employ(self, lane: Lane) -> None:
        size = 1 if lane.account[0] in ONE_A_CALL else self._options.batch_size
        calls = len(lane.bodies) + -(-len(lane.statuses) // size)
        free = self._options.webhook_concurrency - len(lane.workers)
        for _ in range(min(calls, free)):
            worker = asyncio.create_task(self._work(lane))
            lane.workers.add(worker)
            worker.add_done_callback(lane.workers.discard)

    async def _work(self, lane: Lane) -> None:
        while lane.waiting:
            body, reports = lane.take(self._options.batch_size)
            outcome = await self._deliver(
                lane, body, callback=reports[0][0].callback if reports else ""
            )
            lane.counts[outcome] += len(reports)
            if outcome == "acknowledged":
                for record, status in reports:
                    record.reported = (*record.reported, status)

    async def _deliver(self, lane: Lane, body: bytes, *, callback: str) -> str:
        for attempt in range(self._options.webhook_attempts):
            if attempt:
                await asyncio.sleep(min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (attempt - 1)))
            # Looked up for each attempt: the target may be set between two attempts.
            target = self.target_of(lane.account, callback=callback)
            if target is None:
                return "no_target"
            lane.counts["calls"] += 1
            if await self._post(target, lane.account[0], body):
                return "acknowledged"
            lane.counts["failed_calls"] += 1
        return "given_up"

    async def _post(self, target: Target, provider: Provider, body: bytes) -> bool:
        body = signed_body(provider, target.secret, body)
        headers = headers_for(provider, target.secret, target.url, body)
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            posting = self.session.post(
                target.url, data=body, headers=headers, allow_redirects=False
            )
            async with posting as response:
                return response.status in SUCCESS
        return False

    def _workers(self) -> Iterable[asyncio.Task[None]]:
        return [worker for lane in self._lanes.values() for worker in lane.workers]


COUNTED: Final = ("planned", "acknowledged", "given_up", "no_target", "calls", "failed_calls")


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    cancelled = list(tasks)
    for task in cancelled:
        task.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)
