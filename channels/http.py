"""The HTTP client of all senders: one pooled session a process, on an event loop of its own."""

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from time import monotonic
from typing import Any, TypeVar

import aiohttp

from channels.adapter import HttpRequest
from channels.transport import Exchange, PreparedRequest, exchange, new_session, prepare

T = TypeVar("T")
Key = TypeVar("Key")

HAND_OFF_SECONDS = 1.0
"""How long beyond their time-out the loop's thread may take to say what became of requests."""


def start(request: HttpRequest, *, timeout: float) -> Future[Exchange]:
    """Begins an exchange and returns at once; callable from any thread, and after a fork.

    Raises ValueError or TypeError, with nothing sent, for what cannot be a request.
    """
    return _process.client().start(prepare(request, timeout=timeout))


def exchange_all(
    requests: Mapping[Key, PreparedRequest], *, first_cut: float, within: float
) -> Iterator[dict[Key, Exchange]]:
    """Begins all exchanges at once; yields what has answered within `first_cut`, then the rest.

    Two hand-offs to the loop's thread, however many requests there are. What has no value `within`
    seconds is cancelled and missing from both.
    """
    client = _process.client()
    deadline = monotonic() + within
    keys, values = list(requests), list(requests.values())
    begun = client.run(_begin_all(client.session, values, seconds=min(first_cut, within)))
    tasks = dict(zip(keys, _value(begun, or_else=[], within=within), strict=False))
    late = {key: task for key, task in tasks.items() if not task.done()}
    yield {key: task.result() for key, task in tasks.items() if key not in late}
    if late:
        left = max(0.0, deadline - monotonic())
        _value(client.run(_wait(list(late.values()), seconds=left)), or_else=None, within=left)
        yield {key: task.result() for key, task in late.items() if _has_value(task)}


def _value(future: Future[T], *, or_else: T, within: float) -> T:
    try:
        return future.result(timeout=within + HAND_OFF_SECONDS)
    except TimeoutError:  # the loop's thread has no time left for us
        return or_else


def close() -> None:
    """Closes this process's connections; the next `start` makes new ones."""
    _process.close()


class _Client:
    """An event loop in a daemon thread, and the session that lives on it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
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


async def _begin_all(
    session: aiohttp.ClientSession, requests: list[PreparedRequest], *, seconds: float
) -> list[asyncio.Task[Exchange]]:
    """One task a request, some of them done; the others are not touched."""
    tasks = [asyncio.create_task(exchange(session, each)) for each in requests]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
    return tasks


async def _wait(tasks: list[asyncio.Task[Exchange]], *, seconds: float) -> None:
    """Until all are done; those that are not by then are cancelled."""
    _, still = await asyncio.wait(tasks, timeout=seconds)
    for each in still:
        each.cancel()
    if still:
        await asyncio.wait(still, timeout=HAND_OFF_SECONDS)


def _has_value(task: asyncio.Task[Exchange]) -> bool:
    return task.done() and not task.cancelled()


class _Process:
    """This process's client, made when it is first needed."""

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
        """A child has its parent's sockets but not its thread: it must not use or close them.

        The client is kept from the garbage collector, which would say goodbye on the parent's TLS
        connections; the lock is a new one because another thread may have held it at the fork.
        """
        self._lock = threading.Lock()
        if self._client is not None:
            self._inherited.append(self._client)
        self._client = None


_process = _Process()
os.register_at_fork(after_in_child=_process.forget_after_fork)
atexit.register(close)
