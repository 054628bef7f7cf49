"""A raw TCP server in a thread: misbehaves on command and counts the requests that it read."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from channels.http import client as http

TELEGRAM_OK = b'{"ok":true,"result":{"message_id":7,"chat":{"id":42}}}'


def answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = answer("200 OK", TELEGRAM_OK)


@dataclass
class FarEnd:
    """What the server saw. `closed` is set as soon as the server has closed a connection."""

    port: int = 0
    connections: int = 0
    fully_read: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    behaviour: "Behaviour" = field(default=lambda *_: asyncio.sleep(0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def read_request(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
             if line.startswith(b"content-length:")), 0,
        )  # fmt: skip
        await reader.readexactly(length)
        self.fully_read += 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.behaviour(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.closed.set()


@contextmanager
def running_far_end() -> Iterator[FarEnd]:
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


Behaviour = Callable[[FarEnd, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def replies(raw: bytes) -> Behaviour:
    """A behaviour that reads a request, writes these bytes and closes."""

    async def behave(
        far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await far.read_request(reader)
        writer.write(raw)
        await writer.drain()

    return behave


async def keeps_answering(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        await far.read_request(reader)
        writer.write(OK)


async def closes_before_reading(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.close()


async def resets_before_reading(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    reset(writer)


async def resets_after_the_headers(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readuntil(b"\r\n")
    reset(writer)


async def closes_after_reading(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await far.read_request(reader)


async def resets_after_reading(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await far.read_request(reader)
    reset(writer)


async def hangs_after_reading(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await far.read_request(reader)
    await reader.read()


async def hangs_before_reading(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await asyncio.sleep(5)


def reset(writer: asyncio.StreamWriter) -> None:
    """Closes with RST instead of FIN."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
