"""One request to send: refused, or accepted and then answered as the recipient's behaviour says."""

import asyncio
import socket
import struct
import time
from typing import Protocol

from aiohttp import web

from sandbox.behaviour.faults import Refusal
from sandbox.behaviour.magic import Behaviour
from sandbox.books.witness import Record
from sandbox.state import Attempt, Sandbox


class Words(Protocol):
    """How a protocol words its answers."""

    def refused(self, refusal: Refusal) -> web.Response: ...
    def accepted(self, record: Record) -> web.Response: ...
    def broken(self) -> web.Response: ...


async def exchange(
    request: web.Request, sandbox: Sandbox, attempt: Attempt, words: Words
) -> web.Response:
    """Refuse or accept the request at once; latency and slowness delay only the answer."""
    faults = sandbox.faults_of((attempt.provider, attempt.account))
    behaviour = sandbox.behaviour_of(attempt)
    if refusal := sandbox.refuses(attempt, behaviour):
        sandbox.witness.refuse(attempt.provider, attempt.account, refusal.reason)
        response = words.refused(refusal)
    elif behaviour is Behaviour.RESETS:
        sandbox.witness.refuse(attempt.provider, attempt.account, "reset")
        return reset(request)
    elif faults.accept_then_error:
        faults.accept_then_error -= 1
        sandbox.accept(attempt, behaviour)
        response = words.broken()
    else:
        response = await accepted(request, sandbox, attempt, behaviour, words)
    if pause := sandbox.options.latency + faults.latency:
        await asyncio.sleep(pause)
    return response


async def accepted(
    request: web.Request, sandbox: Sandbox, attempt: Attempt, behaviour: Behaviour, words: Words
) -> web.Response:
    record, plan = sandbox.accept(attempt, behaviour)
    match behaviour:
        case Behaviour.SLOW:
            await asyncio.sleep(sandbox.options.slow_seconds)
        case Behaviour.NEVER_ANSWERS:
            await until_client_goes(request, sandbox.options.hang_seconds)
            return reset(request)
        case Behaviour.ACCEPTS_THEN_5XX:
            return words.broken()
        case Behaviour.ACCEPTS_THEN_RESETS:
            return reset(request)
        case Behaviour.RECEIPTS_FIRST:
            await sandbox.deliveries.until_reported(record, plan)
    return words.accepted(record)


def reset(request: web.Request) -> web.Response:
    """Closes the connection with RST (no linger). The returned response is never sent."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    return web.Response(status=500)


async def until_client_goes(request: web.Request, longest: float) -> None:
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(0.2)
