"""The HTTP client of all senders: one pooled session a process, on an event loop of its own."""

import asyncio
import atexit
import os
import threading
from concurrent.futures import Future

import aiohttp

from channels.adapter import HttpRequest
from channels.transport import Exchange, PreparedRequest, exchange, new_session, prepare


def start(request: HttpRequest, *, timeout: float) -> Future[Exchange]:
    """Begins an exchange and returns at once; callable from any thread, and after a fork.

    Raises ValueError or TypeError, with nothing sent, for what cannot be a request.
    """
    return _process.client().start(prepare(request, timeout=timeout))


def close() -> None:
    """Closes this process's connections; the next `start` makes new ones."""
    _process.close()


class _Client:
    """An event loop in a daemon thread, and the session that lives on it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()
        self._session = asyncio.run_coroutine_threadsafe(_open(), self._loop).result(timeout=5)

    def start(self, request: PreparedRequest) -> Future[Exchange]:
        return asyncio.run_coroutine_threadsafe(exchange(self._session, request), self._loop)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._session.close(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


async def _open() -> aiohttp.ClientSession:
    return new_session()


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
