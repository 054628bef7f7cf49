"""The far end of the network, in a thread; never a mocked client."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from channels import http
from tests.channels.far_end import FarEnd


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    far = FarEnd()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(far.serve, "127.0.0.1", 0), loop
    ).result(timeout=5)
    far.port = server.sockets[0].getsockname()[1]
    yield far
    http.close()
    asyncio.run_coroutine_threadsafe(_stop(server), loop).result(timeout=5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=5)
    loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
