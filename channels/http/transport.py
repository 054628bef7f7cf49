"""Makes one HTTP exchange and returns it as a value that says whether a byte can have left.

Exception types do not show that: aiohttp raises the same type if the connection was closed before
the request was written as if it was closed afterwards. docs/adr/0003-http-client.md has the
details.
"""

import asyncio
import json
import select
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from urllib.parse import urlencode

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from api.version import VERSION
from channels.port.http_calls import HttpRequest, HttpResponse

MAX_ANSWER_BYTES = 1024 * 1024
"""Providers' answers have a few kB; a larger one is a mistake or an attack on our memory."""

IDLE_SECONDS = 0.5
"""How long a pooled connection may be idle: less than servers' idle limits and batch delays. If a
server closes a connection just as the next batch begins, the requests written to it end as
UNKNOWN."""

GRACE_SECONDS = 2.0
"""How long to wait for an exchange's value beyond the request's own time-out."""

USER_AGENT = f"broadcast/{VERSION}"
"""Meta's API description asks for a name and a version of three numbers."""

HUNG_UP = 3
"""How many hung-up pooled connections a request may meet, one after the other, before one last
attempt decides; nothing of the request is written until then."""

CONNECT_SECONDS = 5.0
"""Limit for TCP and TLS together."""

# A hang-up of the other side. Not POLLIN: TLS 1.3 tickets arrive on healthy idle connections.
_HANG_UP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


class Reason(StrEnum):
    """Why there is no answer; stable, shown to users as an error code."""

    DNS_FAILED = "dns_failed"
    CONNECT_FAILED = "connect_failed"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_FAILED = "tls_failed"
    NO_ANSWER = "no_answer"
    CONNECTION_LOST = "connection_lost"
    ANSWER_UNREADABLE = "answer_unreadable"
    ANSWER_TOO_LARGE = "answer_too_large"
    MISSED_ITS_TIME = "missed_its_time"
    HELD_BACK = "held_back"
    WOKE_TOO_LATE = "woke_too_late"


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer. `written` is False only if no byte of the request can have left."""

    reason: Reason
    written: bool


Exchange = HttpResponse | Failure


@dataclass(slots=True)
class Progress:
    """How far a request got."""

    written: bool = False


_progress: ContextVar[Progress] = ContextVar("progress")
"""The progress of the current task's exchange; aiohttp's request object finds it here."""


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """An encoded request: its content can no longer make it fail."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None
    timeout: float
    file: BytesIO | None = None
    """Replaces `body` for uploads: aiohttp reads a file in chunks but writes bytes at one go."""


def prepare(request: HttpRequest, *, timeout: float) -> PreparedRequest:
    """Encode a request. Raises ValueError or TypeError if it cannot be encoded."""
    url = URL(request.url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("The base URL of a sender must begin with http:// or https://.")
    headers = dict(request.headers)
    body: bytes | None = None
    if request.json is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(request.json).encode()
    elif request.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(request.form).encode()
    for value in headers.values():
        # aiohttp refuses such values too, but only once the request counts as written.
        if not value.isascii() or not value.isprintable():
            raise ValueError("A header cannot hold control characters or letters beyond ASCII.")
    file = None if request.content is None else BytesIO(request.content)
    return PreparedRequest(request.method, url, headers, body, timeout, file)


def new_session() -> aiohttp.ClientSession:
    """A pooled session for the running loop, without cookies, proxies, redirects or retries."""
    session = aiohttp.ClientSession(
        # No limit on connections: batch sizes limit them already, and in a queue here one slow
        # provider would cause time-outs at all others.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        request_class=_Request,
        trust_env=False,
    )
    # aiohttp repeats GET, PUT and DELETE if a pooled connection is lost and has no option to stop
    # that; a test counts the requests.
    session._retry_connection = False  # noqa: SLF001 - no public option exists
    return session


async def exchange(session: aiohttp.ClientSession, request: PreparedRequest) -> Exchange:
    """Send a request; return its answer or the failure. Raises nothing, except when cancelled."""
    progress = Progress()
    _progress.set(progress)
    try:
        for _ in range(HUNG_UP):
            with suppress(_HungUp):
                return await _exchange(session, request)
        return await _exchange(session, request)
    except Exception as error:  # noqa: BLE001 - only whether a byte left counts
        return Failure(_reason(error, written=progress.written), written=progress.written)


async def _exchange(session: aiohttp.ClientSession, request: PreparedRequest) -> HttpResponse:
    async with session.request(
        request.method,
        request.url,
        headers=request.headers,
        data=request.file or request.body,
        allow_redirects=False,
        timeout=_limits(request.timeout),
    ) as response:
        body = await _bounded_body(response)
        return HttpResponse(status=response.status, headers=dict(response.headers), body=body)


@lru_cache(maxsize=16)
def _limits(timeout: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=timeout,
        sock_connect=min(timeout, CONNECT_SECONDS),
        ceil_threshold=timeout + 1,  # else aiohttp rounds up to whole seconds
    )


async def _bounded_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise _AnswerTooLarge
    return bytes(body)


def _reason(error: Exception, *, written: bool) -> Reason:
    if written:
        return _reason_after_writing(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Reason.DNS_FAILED
    if isinstance(error, aiohttp.ClientSSLError):
        return Reason.TLS_FAILED
    return Reason.CONNECT_TIMEOUT if isinstance(error, TimeoutError) else Reason.CONNECT_FAILED


def _reason_after_writing(error: Exception) -> Reason:
    if isinstance(error, _AnswerTooLarge):
        return Reason.ANSWER_TOO_LARGE
    if isinstance(error, TimeoutError):
        return Reason.NO_ANSWER
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return Reason.ANSWER_UNREADABLE
    return Reason.CONNECTION_LOST


class _AnswerTooLarge(Exception):
    """The answer has more than MAX_ANSWER_BYTES."""


class _HungUp(aiohttp.ClientConnectionError):
    """The other side closed this connection before anything was written to it."""


class _Request(aiohttp.ClientRequest):
    """A request that checks, before it writes its first byte, if the other side has hung up.

    The pool drops a connection once its loop has seen the hang-up; this check sees a hang-up that
    the kernel knows and the loop does not know yet. A request that fails up to this check was
    never written. A request that fails after it counts as written, which is the safe mistake.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if _hung_up(conn.transport):
            raise _HungUp
        _progress.get().written = True
        return await super().send(conn)


def _hung_up(transport: asyncio.Transport | None) -> bool:
    if transport is None or transport.is_closing():
        return True
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), _HANG_UP)
    return bool(poll.poll(0))
