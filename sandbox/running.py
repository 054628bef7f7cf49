"""Runs a sandbox in a thread of its own, for tests."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from sandbox.options import Options
from sandbox.server import serving
from sandbox.state import Sandbox

START_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """`sandbox` belongs to the other thread: tests may read it, and change it over HTTP only."""

    base_url: str
    sandbox: Sandbox


@contextmanager
def running_sandbox(
    *, host: str = "127.0.0.1", port: int = 0, **options: Any
) -> Iterator[RunningSandbox]:
    """Runs a sandbox during the block; `options` are fields of Options."""
    started: Future[tuple[RunningSandbox, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    run = _run(started, Options(**options), host, port)
    thread = Thread(target=asyncio.run, args=(run,), name="sandbox", daemon=True)
    thread.start()
    running, loop, stop = started.result(timeout=START_TIMEOUT)
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=START_TIMEOUT)


async def _run(started: Future[Any], options: Options, host: str, port: int) -> None:
    stop = asyncio.Event()
    try:
        async with serving(options, host=host, port=port) as (sandbox, bound_port):
            running = RunningSandbox(f"http://{host}:{bound_port}", sandbox)
            started.set_result((running, asyncio.get_running_loop(), stop))
            await stop.wait()
    except OSError as problem:
        started.set_exception(problem)
