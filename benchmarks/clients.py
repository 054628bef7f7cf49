"""`python -m benchmarks.clients`: compares pyreqwest with aiohttp: wrong outcomes, then CPU.

An outcome is wrong if the client reports "could not connect" (so the engine would send again) for
a request that the server has read. Fifty requests run at once, against servers that break off at
every possible point.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import uvloop
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, ConnectTimeoutError, PyreqwestError

from benchmarks.processes import stub
from channels.http.transport import (
    IDLE_SECONDS,
    Exchange,
    Failure,
    PreparedRequest,
    Reason,
    exchange,
    new_session,
    prepare,
)
from channels.port.http_calls import HttpRequest, HttpResponse
from tests.channels.http import far_end as far_ends
from tests.channels.http.far_end import OK, Behaviour, FarEnd, answer, replies

AT_ONCE = 50
ROUNDS = 10
MESSAGES = 10_000
TIMEOUT = 0.5

Send = Callable[[PreparedRequest], Awaitable[Exchange]]

BREAKS: dict[str, Behaviour] = {
    "closes before reading": far_ends.closes_before_reading,
    "resets before reading": far_ends.resets_before_reading,
    "resets after the headers": far_ends.resets_after_the_headers,
    "closes after reading": far_ends.closes_after_reading,
    "resets after reading": far_ends.resets_after_reading,
    "half an answer": replies(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
    "no HTTP": replies(b"SMTP ready\r\n\r\n"),
    "answers, then closes": replies(OK),
    "answers 500": replies(answer("500 Internal Server Error", b"")),
}


def pyreqwest_client() -> Client:
    return (
        ClientBuilder()
        .http1_only()
        .follow_redirects(False)  # noqa: FBT003 - the method takes no keyword
        .no_proxy()
        .pool_idle_timeout(timedelta(seconds=IDLE_SECONDS))
        .build()
    )


async def by_pyreqwest(client: Client, request: PreparedRequest) -> Exchange:
    built = client.request(request.method, str(request.url)).headers(request.headers)
    if request.body is not None:
        built = built.body_bytes(request.body)
    try:
        response = await built.timeout(timedelta(seconds=request.timeout)).build().send()
        body = bytes(await response.bytes())
    except (ConnectError, ConnectTimeoutError):
        return Failure(Reason.CONNECT_FAILED, written=False)
    except PyreqwestError:
        return Failure(Reason.CONNECTION_LOST, written=True)
    return HttpResponse(response.status, dict(response.headers), body)


async def wrong_answers(send: Send) -> dict[str, int]:
    """By behaviour: how many requests the server read but the client reports as not written."""
    wrong: dict[str, int] = {}
    for name, behaviour in BREAKS.items():
        far_end = FarEnd(behaviour=behaviour)
        server = await asyncio.start_server(far_end.serve, "127.0.0.1", 0)
        far_end.port = server.sockets[0].getsockname()[1]
        request = prepare(
            HttpRequest("POST", f"{far_end.url}/messages", json={"text": "x" * 400}),
            timeout=TIMEOUT,
        )
        results = []
        for _ in range(ROUNDS):
            results += await asyncio.gather(*(send(request) for _ in range(AT_ONCE)))
        written = sum(not isinstance(result, Failure) or result.written for result in results)
        wrong[name] = max(0, far_end.fully_read - written)
        server.close()
    return wrong


async def cpu_per_thousand(send: Send, url: str) -> float:
    request = prepare(
        HttpRequest(
            "POST", f"{url}/0ms/bot1:x/sendMessage", json={"chat_id": 1, "text": "x" * 160}
        ),
        timeout=30,
    )
    began = time.process_time()
    for _ in range(MESSAGES // AT_ONCE):
        await asyncio.gather(*(send(request) for _ in range(AT_ONCE)))
    return (time.process_time() - began) / MESSAGES * 1000


async def main() -> None:
    with stub() as (url, _):
        async with new_session() as session, pyreqwest_client() as client:
            sends: dict[str, Send] = {
                "aiohttp": lambda request: exchange(session, request),
                "pyreqwest": lambda request: by_pyreqwest(client, request),
            }
            for name, send in sends.items():
                wrong = {break_: n for break_, n in (await wrong_answers(send)).items() if n}
                sys.stdout.write(
                    f"{name}: requests read but reported unwritten: {wrong or 'none'}\n"
                )
            for round_ in range(3):
                for name, send in sends.items():
                    cpu = await cpu_per_thousand(send, url)
                    sys.stdout.write(f"{round_} {name}: {cpu:.3f} CPU-s for 1,000\n")


if __name__ == "__main__":
    uvloop.run(main())
