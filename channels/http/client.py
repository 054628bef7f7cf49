"""The HTTP client of all senders: one pooled session per process, on its own event loop."""

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from math import inf
from time import monotonic
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import aiohttp
import uvloop

from channels.http.transport import (
    Exchange,
    Failure,
    PreparedRequest,
    Reason,
    exchange,
    new_session,
    prepare,
)
from channels.port.http_calls import HttpRequest, HttpResponse

T = TypeVar("T")
Key = TypeVar("Key")

NO_STARTS: Mapping[Any, float] = MappingProxyType({})
LATE_SECONDS = 0.03
"""How late a paced request may begin; MARGIN in channels/pacing/limiter.py covers it."""
HAND_OFF_SECONDS = 1.0
"""How long beyond the requests' time-out the loop's thread may take to hand over their values."""


def start(request: HttpRequest, *, timeout: float) -> Future[Exchange]:
    """Begin an exchange and return at once; callable from any thread, and after a fork.

    Raises ValueError or TypeError, with nothing sent, if the request cannot be encoded.
    """
    return _process.client().start(prepare(request, timeout=timeout))


class Exchanges(Generic[Key]):
    """Exchanges that begin together and are taken in at most two cuts; callable from any thread.

    The first cut holds the answers that came within `first_cut` seconds, the second cut the rest.
    An exchange begins at once or, if `starts` names it, at that time (monotonic), but never later
    than `not_after`. An exchange without a value `within` seconds of the last start is cancelled
    and is in neither cut. Any number of requests takes two hand-offs to the loop's thread.
    """

    def __init__(
        self,
        requests: Mapping[Key, PreparedRequest],
        *,
        first_cut: float,
        within: float,
        starts: Mapping[Key, float] = NO_STARTS,
        not_after: float = inf,
    ) -> None:
        self._client = _process.client()
        self._keys = list(requests)
        self._ends_at = max([monotonic(), *starts.values()]) + within
        self._late: dict[Key, asyncio.Task[Exchange]] | None = None
        self.is_over = False
        plans = [_Plan(requests[key], starts.get(key), not_after) for key in self._keys]
        first = _begin_all(self._client.session, plans, seconds=min(first_cut, within))
        self.cut: Future[Any] = self._client.run(first)
        """Done when `take` will not wait."""
        self.due_by = monotonic() + within + HAND_OFF_SECONDS
        """Until when `take` waits at most (monotonic)."""

    def take(self) -> dict[Key, Exchange]:
        """Wait for the next cut and return it."""
        try:
            value = self.cut.result(timeout=max(0.0, self.due_by - monotonic()))
        except TimeoutError:
            value = []
        return self._first(value) if self._late is None else self._second(self._late)

    def _first(self, tasks: list[asyncio.Task[Exchange]]) -> dict[Key, Exchange]:
        by_key = dict(zip(self._keys, tasks, strict=False))
        done = {key: task.result() for key, task in by_key.items() if task.done()}
        self._late = {key: task for key, task in by_key.items() if key not in done}
        self.is_over = not self._late
        if self._late:
            left = max(0.0, self._ends_at - monotonic())
            self.cut = self._client.run(_wait(list(self._late.values()), seconds=left))
            self.due_by = monotonic() + left + HAND_OFF_SECONDS
        return done

    def _second(self, late: Mapping[Key, asyncio.Task[Exchange]]) -> dict[Key, Exchange]:
        self.is_over = True
        return {key: task.result() for key, task in late.items() if _has_value(task)}


def exchange_all(requests: Mapping[Key, PreparedRequest], *, within: float) -> dict[Key, Exchange]:
    """Make all exchanges at once, wait, and return those that have a value by then."""
    return Exchanges(requests, first_cut=within, within=within).take()


def close() -> None:
    """Close this process's connections; the next `start` opens new ones."""
    _process.close()


class _Client:
    """An event loop in a daemon thread, and the session that lives on it."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()
        self.session = self.run(_open()).result(timeout=5)

    def start(self, request: PreparedRequest) -> Future[Exchange]:
        return self.run(exchange(self.session, request))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        self.run(self.session.close()).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


async def _open() -> aiohttp.ClientSession:
    return new_session()


@dataclass(frozen=True, slots=True)
class _Plan:
    """A request and when it may begin; at once if `start` is None."""

    request: PreparedRequest
    start: float | None
    not_after: float


@dataclass(slots=True)
class _Halt:
    """Set by the first 429 of a paced batch: no further request of the batch begins."""

    is_set: bool = False


async def _at_its_time(session: aiohttp.ClientSession, plan: _Plan, halt: _Halt) -> Exchange:
    if plan.start is not None:
        await asyncio.sleep(plan.start - monotonic())
        if halt.is_set:
            return Failure(Reason.HELD_BACK, written=False)
        # A late request would come too close to the next ones, perhaps another worker's.
        if monotonic() > plan.start + LATE_SECONDS:
            return Failure(Reason.MISSED_ITS_TIME, written=False)
    if monotonic() > plan.not_after:
        return Failure(Reason.WOKE_TOO_LATE, written=False)
    answer = await exchange(session, plan.request)
    if isinstance(answer, HttpResponse) and answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        halt.is_set = True
    return answer


async def _begin_all(
    session: aiohttp.ClientSession, plans: list[_Plan], *, seconds: float
) -> list[asyncio.Task[Exchange]]:
    """Start one task per request and wait `seconds`; unfinished tasks keep running."""
    halt = _Halt()
    tasks = [asyncio.create_task(_at_its_time(session, plan, halt)) for plan in plans]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
    return tasks


async def _wait(tasks: list[asyncio.Task[Exchange]], *, seconds: float) -> None:
    """Wait until all tasks are done; after `seconds`, cancel the rest."""
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=HAND_OFF_SECONDS)


def _has_value(task: asyncio.Task[Exchange]) -> bool:
    return task.done() and not task.cancelled()


class _Process:
    """Holds this process's client and makes it when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: _Client | None = None
        self._inherited: list[_Client] = []

    def client(self) -> _Client:
        with self._lock:
            if self._client is None:
                self._client = _Client()
            return self._client

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def forget_after_fork(self) -> None:
        """A child process has its parent's sockets but not the loop's thread: it must neither use
        nor close them.

        The list keeps the client from the garbage collector, which would close the parent's TLS
        connections. The lock is replaced because another thread may have held it at the fork.
        """
        self._lock = threading.Lock()
        if self._client is not None:
            self._inherited.append(self._client)
        self._client = None


_process = _Process()
os.register_at_fork(after_in_child=_process.forget_after_fork)
atexit.register(close)
