"""Vonage's SMS API: sending, and the balance, to check an account's credentials."""

import binascii
import secrets
from base64 import b64decode
from typing import Final

from aiohttp import web
from smsutil import split

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.books.witness import Provider, Record, Status
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.hashing import content_hash
from sandbox.exchange.single import exchange
from sandbox.providers.vonage.validation import message_problem
from sandbox.state import Attempt, Sandbox

REVOKED_MARK: Final = "revoked"
"""A secret that contains this word is refused: tests of a wrong secret need no set-up."""

# Vonage refuses with a number in an answer of HTTP status 200.
REFUSALS: Final = {
    Reason.UNREACHABLE: ("6", "Unroutable message - rejected"),
    Reason.BLOCKED: ("7", "Number barred"),
    Reason.UNAVAILABLE: ("1", "Throughput Rate Exceeded - please wait [ 50 ] and retry"),
    Reason.RATE_LIMITED: ("1", "Throughput Rate Exceeded - please wait [ 50 ] and retry"),
    Reason.PAIR_LIMITED: ("1", "Throughput Rate Exceeded - please wait [ 50 ] and retry"),
    Reason.TOKEN_REVOKED: ("4", "Bad Credentials"),
    Reason.TEMPLATE_PAUSED: ("15", "Illegal Sender Address - rejected"),
}
NEVER_READ: Final = frozenset(Status) - {Status.READ}


def routes() -> list[web.RouteDef]:
    return [web.post("/sms/json", send), web.get("/account/get-balance", balance)]


async def send(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    form = {name: str(value) for name, value in (await request.post()).items()}
    key, is_authorized = caller(request, sandbox)
    if not is_authorized:
        return VonageWords(form).refused(Refusal(Reason.TOKEN_REVOKED))
    if problem := message_problem(form):
        sandbox.witness.refuse(Provider.VONAGE, key, f"invalid_{problem[0]}")
        return refused_part(*problem)
    return await exchange(request, sandbox, attempt_of(key, form), VonageWords(form))


async def balance(request: web.Request) -> web.Response:
    _, is_authorized = caller(request, request.app[SANDBOX])
    if not is_authorized:
        body = {"error-code": "401", "error-code-label": "authentication failed"}
        return json_answer(body, status=401)
    return json_answer({"value": 10.28, "autoReload": False})


class VonageWords:
    def __init__(self, form: dict[str, str]) -> None:
        self.form = form

    def refused(self, refusal: Refusal) -> web.Response:
        return refused_part(*REFUSALS[refusal.reason])

    def accepted(self, record: Record) -> web.Response:
        """The accepted parts; each part has an id and receipts of its own."""
        parts = [
            {
                "to": self.form["to"],
                "message-id": record.message_id if number == 0 else f"{record.message_id}-{number}",
                "status": "0",
                "remaining-balance": "15.53590000",
                "message-price": "0.03330000",
                "network": "12345",
                "client-ref": self.form.get("client-ref", ""),
            }
            for number in range(record.segments)
        ]
        return json_answer({"message-count": str(len(parts)), "messages": parts})

    def broken(self) -> web.Response:
        """An answer that does not say whether the message was accepted; it was."""
        return web.Response(status=500, text="Internal Server Error")


def refused_part(status: str, text: str) -> web.Response:
    return json_answer({"message-count": "1", "messages": [{"status": status, "error-text": text}]})


def caller(request: web.Request, sandbox: Sandbox) -> tuple[str, bool]:
    """The API key and whether its secret is valid; remembers the secret, to sign webhook calls."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        key, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key = secret = ""
    faults = sandbox.faults_of((Provider.VONAGE, key))
    is_plausible = scheme.lower() == "basic" and key and secret and REVOKED_MARK not in secret
    if is_plausible and not faults.refuses_token(secret):
        sandbox.deliveries.secrets[Provider.VONAGE, key] = secret
        return key, True
    sandbox.witness.refuse(Provider.VONAGE, key, Reason.TOKEN_REVOKED)
    return key, False


def attempt_of(key: str, form: dict[str, str]) -> Attempt:
    our_id = form.get("client-ref", "")
    return Attempt(
        provider=Provider.VONAGE,
        account=key,
        to=form["to"],
        our_id=our_id,
        content_hash="" if our_id else content_hash(form["text"]),
        callback=form.get("callback", ""),
        segments=max(1, len(split(form["text"]).parts)),
        parts=len(split(form["text"]).parts),
        valid_for=int(form["ttl"]) / 1000 if "ttl" in form else None,
        reports=NEVER_READ,
        message_id=f"0A{secrets.token_hex(7).upper()}",
    )
