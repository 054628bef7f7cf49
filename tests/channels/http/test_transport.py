"""Which requests may be sent again, against a server that counts the requests that it read."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvloop

from channels.http import client as http
from channels.http.transport import (
    HUNG_UP,
    MAX_ANSWER_BYTES,
    Exchange,
    Failure,
    Reason,
    exchange,
    new_session,
    prepare,
)
from channels.port.http_calls import HttpRequest, HttpResponse
from tests.channels.http import far_end as far_ends
from tests.channels.http.far_end import Behaviour, FarEnd, answer, replies

LATE = (Failure(Reason.CONNECTION_LOST, written=True),)
# The client sees the hang-up before or just after the first byte; the server read nothing.
EARLY = (Failure(Reason.CONNECT_FAILED, written=False), *LATE)

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
HUGE = answer("200 OK", b"x" * (MAX_ANSWER_BYTES + 1))
MOVED = answer("307 Temporary Redirect", b"", "Location: /again", "Connection: close")

TABLE: list[tuple[Behaviour, int, tuple[Failure, ...]]] = [
    (far_ends.closes_before_reading, 0, EARLY),
    (far_ends.resets_before_reading, 0, EARLY),
    (far_ends.resets_after_the_headers, 0, LATE),
    (far_ends.hangs_before_reading, 0, (Failure(Reason.NO_ANSWER, written=True),)),
    (far_ends.closes_after_reading, 1, LATE),
    (far_ends.resets_after_reading, 1, LATE),
    (far_ends.hangs_after_reading, 1, (Failure(Reason.NO_ANSWER, written=True),)),
    (replies(HALF), 1, (Failure(Reason.ANSWER_UNREADABLE, written=True),)),
    (replies(b"HTTP/9 so what\r\n\r\n"), 1, (Failure(Reason.ANSWER_UNREADABLE, written=True),)),
    (replies(HUGE), 1, (Failure(Reason.ANSWER_TOO_LARGE, written=True),)),
]
NAMES = ["close before", "reset before", "reset amid", "hang before", "close after"]
NAMES += ["reset after", "hang after", "half", "malformed", "huge"]


@pytest.mark.parametrize(("behaviour", "fully_read", "expected"), TABLE, ids=NAMES)
def test_what_became_of_the_request(
    far_end: FarEnd, behaviour: Behaviour, fully_read: int, expected: tuple[Failure, ...]
) -> None:
    far_end.behaviour = behaviour
    result = post(far_end.url, timeout=0.5)
    assert result in expected
    assert far_end.fully_read == fully_read
    # The client passes over a connection that was closed before it wrote a byte.
    assert far_end.connections <= (1 + HUNG_UP if expected is EARLY else 1)


@pytest.mark.parametrize(("behaviour", "fully_read", "_expected"), TABLE, ids=NAMES)
def test_nothing_that_was_read_counts_as_not_written_when_fifty_go_at_once(
    far_end: FarEnd, behaviour: Behaviour, fully_read: int, _expected: tuple[Failure, ...]
) -> None:
    far_end.behaviour = behaviour
    futures = [http.start(request(far_end.url), timeout=1) for _ in range(50)]
    results = [future.result(timeout=5) for future in futures]
    written = sum(not isinstance(result, Failure) or result.written for result in results)
    assert far_end.fully_read <= 50 * fully_read
    assert written >= far_end.fully_read


def test_a_server_error_is_an_answer(far_end: FarEnd) -> None:
    far_end.behaviour = replies(answer("503 Service Unavailable", b"busy", "Retry-After: 9"))
    result = post(far_end.url)
    assert isinstance(result, HttpResponse)
    assert (result.status, result.body, result.headers["Retry-After"]) == (503, b"busy", "9")


def test_a_redirect_is_an_answer_and_is_not_followed(far_end: FarEnd) -> None:
    far_end.behaviour = replies(MOVED)
    result = post(far_end.url)
    assert isinstance(result, HttpResponse)
    assert result.status == 307
    assert far_end.fully_read == 1


def test_a_refused_connection_was_not_written() -> None:
    with bound_socket() as port:
        assert post(f"http://127.0.0.1:{port}") == Failure(Reason.CONNECT_FAILED, written=False)


def test_an_unknown_host_was_not_written() -> None:
    result = post("http://nowhere.invalid", timeout=10)
    assert isinstance(result, Failure)
    assert result.written is False


def test_a_connection_that_is_never_accepted_was_not_written() -> None:
    with full_backlog() as port:
        result = post(f"http://127.0.0.1:{port}", timeout=0.5)
        assert result == Failure(Reason.CONNECT_TIMEOUT, written=False)


def test_a_server_without_tls_was_not_written(far_end: FarEnd) -> None:
    far_end.behaviour = replies(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    url = far_end.url.replace("http:", "https:")
    result = post(url, timeout=1)
    assert isinstance(result, Failure)
    assert result.written is False
    assert far_end.fully_read == 0


def test_connections_are_reused(far_end: FarEnd) -> None:
    far_end.behaviour = far_ends.keeps_answering
    assert all(isinstance(post(far_end.url), HttpResponse) for _ in range(3))
    assert (far_end.connections, far_end.fully_read) == (1, 3)


def test_idle_connections_are_dropped(far_end: FarEnd) -> None:
    far_end.behaviour = far_ends.keeps_answering
    post(far_end.url)
    assert far_end.closed.wait(timeout=6)  # idle for 0.5 s; the sweep runs every 0.5 s


def test_a_pooled_connection_closed_in_the_meantime_is_passed_over(far_end: FarEnd) -> None:
    far_end.behaviour = replies(far_ends.OK)  # closes without announcing it

    async def twice() -> tuple[Exchange, Exchange]:
        async with new_session() as session:
            first = await exchange(session, prepare(request(far_end.url), timeout=1))
            # Blocks this loop on purpose: the kernel has seen the hang-up, the pool has not.
            assert far_end.closed.wait(timeout=5)
            time.sleep(0.05)  # noqa: ASYNC251 - see above
            return first, await exchange(session, prepare(request(far_end.url), timeout=1))

    first, second = uvloop.run(twice())
    assert isinstance(first, HttpResponse)
    assert isinstance(second, HttpResponse)
    assert (far_end.connections, far_end.fully_read) == (2, 2)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_method_is_sent_twice_on_a_pooled_connection(far_end: FarEnd, method: str) -> None:
    far_end.behaviour = answers_once_then_closes
    post(far_end.url)
    result = http.start(HttpRequest(method, far_end.url), timeout=2).result(timeout=5)
    assert result == Failure(Reason.CONNECTION_LOST, written=True)
    assert (far_end.connections, far_end.fully_read) == (1, 2)


def test_cookies_are_not_kept(far_end: FarEnd) -> None:
    raw: list[bytes] = []
    far_end.behaviour = records_and_sets_a_cookie(raw)
    post(far_end.url)
    post(far_end.url)
    assert len(raw) == 2
    assert b"cookie" not in raw[1].lower()


@pytest.mark.parametrize(
    "broken",
    [
        HttpRequest("POST", "ftp://127.0.0.1/"),
        HttpRequest("POST", "/no/host"),
        HttpRequest("POST", "http://127.0.0.1/", headers={"Authorization": "Bearer a\r\nX: b"}),
    ],
)
def test_what_cannot_be_a_request_is_refused_at_once(broken: HttpRequest) -> None:
    with pytest.raises(ValueError, match=r"must begin|cannot hold"):
        http.start(broken, timeout=1)


def test_a_forked_process_has_its_own_connections(far_end: FarEnd) -> None:
    far_end.behaviour = far_ends.keeps_answering
    post(far_end.url)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if isinstance(post(far_end.url), HttpResponse) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert isinstance(post(far_end.url), HttpResponse)
    assert far_end.fully_read == 3
    assert far_end.connections == 2


def test_no_url_shows_in_a_requests_repr() -> None:
    assert "secret" not in repr(HttpRequest("POST", "http://x/bot1:secret/", json={"a": "secret"}))


def request(url: str) -> HttpRequest:
    return HttpRequest("POST", f"{url}/messages", json={"text": "x" * 400})


def post(url: str, *, timeout: float = 2.0) -> Exchange:
    return http.start(request(url), timeout=timeout).result(timeout=timeout + 5)


async def answers_once_then_closes(
    far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await far.read_request(reader)
    writer.write(far_ends.OK)
    await far.read_request(reader)


def records_and_sets_a_cookie(raw: list[bytes]) -> Behaviour:
    async def behave(
        far: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        raw.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer("200 OK", b"", "Set-Cookie: tenant=1", "Connection: close"))

    return behave


@contextmanager
def bound_socket() -> Iterator[int]:
    """A port that is bound but not listening, so that no other process takes it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextmanager
def full_backlog() -> Iterator[int]:
    """A listening port with a full queue: the kernel does not answer further connections."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
