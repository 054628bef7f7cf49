"""The control API under /_sandbox/: targets, faults, recipients, inbound events, the witness."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from aiohttp import web

from sandbox.behaviour.faults import CONVERTERS, Faults
from sandbox.behaviour.magic import ENDINGS, Behaviour
from sandbox.books.summary import summarise
from sandbox.books.times import epoch_seconds, iso
from sandbox.books.witness import Provider, Record
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.webhooks.deliveries import Target
from sandbox.webhooks.inbound import INBOUND

PAGE: Final = 1_000
LARGEST_PAGE: Final = 10_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes() -> list[web.RouteDef]:
    return [
        web.get("/health", health),
        web.get("/accepted", accepted),
        web.get("/summary", summary),
        web.get("/message/{name:.+}", message),
        web.get("/recipients", list_recipients),
        web.post("/recipients", set_recipient),
        web.get("/accounts", list_accounts),
        web.post("/accounts", set_account),
        web.get("/webhooks", list_webhooks),
        web.post("/webhooks", set_webhook),
        web.post("/inbound", inbound),
        web.post("/reset", reset),
    ]


class Refused(Exception):
    """The control API answers 400 with this text, which is for the person who sent the request."""


@web.middleware
async def answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return json_answer({"error": str(refused)}, status=400)


# --- the witness ---


async def health(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    return json_answer({"status": "ok", "started_at": iso(sandbox.started_at)})


async def accepted(request: web.Request) -> web.Response:
    """One page of accepted messages after the seq `after`; `next` is null on the last page."""
    witness = request.app[SANDBOX].witness
    limit = min(LARGEST_PAGE, max(1, number(request, "limit", PAGE)))
    wanted = wanted_records(request)
    page: list[Record] = []
    for record in witness.after(number(request, "after", 0)):
        if not wanted(record):
            continue
        if len(page) == limit:
            return json_answer({"results": as_json(page), "next": page[-1].seq})
        page.append(record)
    return json_answer({"results": as_json(page), "next": None})


async def summary(request: web.Request) -> web.Response:
    """Totals; refusals and receipts are counted since the last reset, `since` filters messages."""
    sandbox, account = request.app[SANDBOX], request.query.get("account")
    wanted = wanted_records(request)
    records = list(sandbox.witness.records)
    totals = await asyncio.to_thread(lambda: summarise(filter(wanted, records)))
    refused: dict[str, int] = {}
    for (provider, refused_account, kind), times in sandbox.witness.refused.items():
        if account in (None, refused_account):
            refused[f"{provider}:{kind}"] = refused.get(f"{provider}:{kind}", 0) + times
    receipts = sandbox.deliveries.counts(account=account)
    forgotten = sandbox.witness.forgotten
    return json_answer({**totals, "refused": refused, "receipts": receipts, "forgotten": forgotten})


async def message(request: web.Request) -> web.Response:
    """The acceptances of one message, with its body if the provider is Meta.

    `name` is our id, the provider's id or, for Telegram, `{chat}:{message_id}`.
    """
    name, wanted = request.match_info["name"], wanted_records(request)
    witness = request.app[SANDBOX].witness
    records = [record for record in witness.records if record.has_id(name) and wanted(record)]
    results = [{**record.as_json(), "body": record.body} for record in records]
    return json_answer({"times": len(records), "results": results}, status=200 if records else 404)


# --- behaviour of recipients and accounts ---


async def list_recipients(request: web.Request) -> web.Response:
    configured = [
        {"provider": provider, "to": to, "behaviour": behaviour}
        for (provider, to), behaviour in request.app[SANDBOX].behaviours.items()
    ]
    return json_answer({"endings": ENDINGS, "configured": configured})


async def set_recipient(request: web.Request) -> web.Response:
    body = await body_of(request)
    key = (provider_of(body), text_of(body, "to").lstrip("+"))
    behaviours = request.app[SANDBOX].behaviours
    if body.get("behaviour") is None:
        behaviours.pop(key, None)
        return json_answer({"behaviour": None})
    try:
        behaviours[key] = Behaviour(body["behaviour"])
    except ValueError as problem:
        raise Refused(f"{problem}; known are {', '.join(Behaviour)}") from None
    return json_answer({"behaviour": behaviours[key]})


async def list_accounts(request: web.Request) -> web.Response:
    now = time.monotonic()
    results = [
        {"provider": provider, "account": account, **faults.as_json(now=now)}
        for (provider, account), faults in request.app[SANDBOX].faults.items()
    ]
    return json_answer({"results": results})


async def set_account(request: web.Request) -> web.Response:
    """Sets an account's faults; account `*` stands for every account without faults of its own."""
    body = await body_of(request)
    account = (provider_of(body), text_of(body, "account"))
    wanted = {name: body[name] for name in body if name not in ("provider", "account")}
    sandbox, now = request.app[SANDBOX], time.monotonic()
    faults = sandbox.faults.get(account) or Faults()
    try:
        faults.change(wanted, now=now)
    except KeyError as unknown:
        raise Refused(f"unknown fault {unknown}; known are {', '.join(CONVERTERS)}") from None
    except ValueError as problem:
        raise Refused(str(problem)) from None
    sandbox.faults[account] = faults
    return json_answer(faults.as_json(now=now))


# --- webhooks ---


async def list_webhooks(request: web.Request) -> web.Response:
    targets = request.app[SANDBOX].deliveries.targets
    results = [
        {"provider": provider, "account": account, "url": target.url, "signed": bool(target.secret)}
        for (provider, account), target in targets.items()
    ]
    return json_answer({"results": results})


async def set_webhook(request: web.Request) -> web.Response:
    """Sets a webhook once Meta's handshake (verify_token) or Google's (secret) has succeeded."""
    body = await body_of(request)
    account = (provider_of(body), text_of(body, "account"))
    target = Target(text_of(body, "url"), str(body.get("secret", "")))
    deliveries = request.app[SANDBOX].deliveries
    if account[0] is Provider.META and body.get("verify_token"):
        await shake_hands(deliveries.session, target.url, text_of(body, "verify_token"))
    if account[0] is Provider.RBM and target.secret:
        await prove_client_token(deliveries.session, target)
    deliveries.targets[account] = target
    return json_answer({"url": target.url, "signed": bool(target.secret)})


async def shake_hands(session: aiohttp.ClientSession, url: str, verify_token: str) -> None:
    challenge = str(secrets.randbelow(10**9))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        async with session.get(url, params=query, allow_redirects=False) as response:
            echoed = response.ok and await response.text() == challenge
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise Refused(f"the handshake failed: {type(problem).__name__}") from None
    if not echoed:
        raise Refused(f"the handshake was answered with {response.status} and not the challenge")


async def prove_client_token(session: aiohttp.ClientSession, target: Target) -> None:
    secret = str(secrets.randbelow(10**10))
    handshake = {"clientToken": target.secret, "secret": secret}
    try:
        async with session.post(target.url, json=handshake, allow_redirects=False) as response:
            echoed = response.ok and await response.text() == secret
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise Refused(f"the handshake failed: {type(problem).__name__}") from None
    if not echoed:
        raise Refused(f"the handshake was answered with {response.status} and not the secret")


async def inbound(request: web.Request) -> web.Response:
    body = await body_of(request)
    provider, account = provider_of(body), text_of(body, "account")
    sandbox, event = request.app[SANDBOX], body.get("event", "text")
    write = INBOUND.get((provider, event))
    if write is None:
        events = ", ".join(name for owner, name in INBOUND if owner is provider)
        raise Refused(f"unknown event {event!r} for {provider}; known are {events}")
    try:
        call = write(account, text_of(body, "from"), body, sandbox.next_update_id())
    except ValueError as problem:
        raise Refused(str(problem)) from None
    if sandbox.deliveries.target_of((provider, account)) is None:
        raise Refused(f"no webhook is set for {provider} {account}")
    sandbox.deliveries.call((provider, account), call)
    return json_answer({"queued": True}, status=202)


async def reset(request: web.Request) -> web.Response:
    """Forgets everything, or one account; webhook targets stay unless `webhooks` is true."""
    body, sandbox = await body_of(request), request.app[SANDBOX]
    account = text_of(body, "account") if "account" in body else None
    await sandbox.forget(account=account)
    if body.get("webhooks") is True:
        targets = sandbox.deliveries.targets
        for key in [key for key in targets if account in (None, key[1])]:
            del targets[key]
    return json_answer({"reset": account or "everything"})


# --- reading requests ---


def wanted_records(request: web.Request) -> Callable[[Record], bool]:
    query = request.query
    try:
        since = epoch_seconds(query["since"]) if "since" in query else 0.0
    except ValueError:
        raise Refused("since is neither Unix seconds nor ISO 8601") from None
    provider, account, to = query.get("provider"), query.get("account"), query.get("to")

    def is_wanted(record: Record) -> bool:
        return (
            record.accepted_at >= since
            and provider in (None, record.provider)
            and account in (None, record.account)
            and to in (None, record.to)
        )

    return is_wanted


def as_json(records: list[Record]) -> list[dict[str, Any]]:
    return [record.as_json() for record in records]


def number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise Refused(f"{name} is not a whole number") from None


async def body_of(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise Refused("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused("the body is not an object")
    return body


def provider_of(body: dict[str, Any]) -> Provider:
    try:
        return Provider(body.get("provider", ""))
    except ValueError:
        raise Refused(f"provider must be one of {', '.join(Provider)}") from None


def text_of(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Refused(f"{name} is required")
    return value
