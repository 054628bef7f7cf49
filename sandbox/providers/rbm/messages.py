"""Google's RCS Business Messaging: sending, asking who has RCS, and Google's token endpoint."""

import base64
import binascii
import json
import re
import secrets
import time
from typing import Any, Final

from aiohttp import web

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.books.witness import Provider, Record, Status
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.single import exchange
from sandbox.providers.rbm.validation import UUID, message_problem
from sandbox.state import Attempt, Sandbox

PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
SCOPE: Final = "https://www.googleapis.com/auth/rcsbusinessmessaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REVOKED_MARK: Final = "revoked"
"""A service account whose e-mail address contains this word gets no token."""
TOKEN_SECONDS: Final = 3599

ABSENT: Final = (404, "NOT_FOUND", "Requested entity was not found.")
EXHAUSTED: Final = (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
REFUSALS: Final = {
    Reason.UNREACHABLE: ABSENT,
    Reason.BLOCKED: ABSENT,
    Reason.UNAVAILABLE: (503, "UNAVAILABLE", "The service is currently unavailable."),
    Reason.RATE_LIMITED: EXHAUSTED,
    Reason.PAIR_LIMITED: EXHAUSTED,
    Reason.TOKEN_REVOKED: (
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials.",
    ),
    Reason.TEMPLATE_PAUSED: (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
}
NO_SENT: Final = frozenset(Status) - {Status.SENT}


def routes() -> list[web.RouteDef]:
    return [
        web.post("/v1/phones/{phone}/agentMessages", send),
        web.post("/v1/users:batchGet", batch_get),
        web.post("/token", token),
    ]


async def send(request: web.Request) -> web.Response:
    sandbox, agent = request.app[SANDBOX], request.query.get("agentId", "")
    raw = await request.read()
    if refused := refuse_caller(request, sandbox, agent):
        return refused
    problem = problem_of(request, raw)
    if problem:
        sandbox.witness.refuse(Provider.RBM, agent, "invalid_400")
        return error(400, "INVALID_ARGUMENT", problem)
    phone = request.match_info["phone"]
    body = json.loads(raw)
    attempt = Attempt(
        provider=Provider.RBM,
        account=agent,
        to=phone.lstrip("+"),
        our_id=request.query["messageId"],
        content_hash="",
        valid_for=float(body["ttl"].rstrip("s")) if "ttl" in body else None,
        reports=NO_SENT,
    )
    words = RbmWords(body)
    if before := sandbox.seen(attempt):
        # The repeat is ignored and answered like the first request.
        sandbox.witness.refuse(Provider.RBM, agent, "repeated")
        return words.accepted(before)
    return await exchange(request, sandbox, attempt, words)


async def batch_get(request: web.Request) -> web.Response:
    """Every phone number has RCS, except fictional US numbers (555-01…)."""
    sandbox = request.app[SANDBOX]
    try:
        body = json.loads(await request.read())
        agent, users = body["agentId"], [user for user in body["users"] if PHONE.fullmatch(user)]
    except (ValueError, KeyError, TypeError):
        return error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    if refused := refuse_caller(request, sandbox, str(agent)):
        return refused
    reachable = [user for user in users if "55501" not in user]
    return json_answer({"reachableUsers": reachable} if reachable else {})


async def token(request: web.Request) -> web.Response:
    """The token endpoint (RFC 7523); has no public keys, so it ignores the signature."""
    form = await request.post()
    claims = claims_of(str(form.get("assertion", "")))
    issuer = str(claims.get("iss", ""))
    if form.get("grant_type") != GRANT or not issuer or REVOKED_MARK in issuer:
        return json_answer({"error": "invalid_grant"}, status=400)
    if SCOPE not in str(claims.get("scope", "")) or not is_current(claims.get("exp")):
        return json_answer({"error": "invalid_scope"}, status=400)
    access_token = f"ya29.{secrets.token_urlsafe(24)}"
    request.app[SANDBOX].tokens.add(access_token)
    return json_answer(
        {"access_token": access_token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}
    )


class RbmWords:
    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def refused(self, refusal: Refusal) -> web.Response:
        status, word, message = REFUSALS[refusal.reason]
        wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
        return error(status, word, message, headers=wait)

    def accepted(self, record: Record) -> web.Response:
        name = f"phones/+{record.to}/agentMessages/{record.message_id}"
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.accepted_at))
        return json_answer({"name": name, "sendTime": at, **self.body})

    def broken(self) -> web.Response:
        """An answer that does not say whether the message was accepted; it was."""
        return error(500, "INTERNAL", "Internal error encountered.")


def refuse_caller(request: web.Request, sandbox: Sandbox, agent: str) -> web.Response | None:
    """Refuses all tokens but those that /token has issued since the last full reset."""
    scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
    faults = sandbox.faults_of((Provider.RBM, agent))
    is_issued = scheme.lower() == "bearer" and access_token in sandbox.tokens
    if is_issued and not faults.refuses_token(access_token):
        return None
    sandbox.witness.refuse(Provider.RBM, agent[:64], Reason.TOKEN_REVOKED)
    return RbmWords({}).refused(Refusal(Reason.TOKEN_REVOKED))


def problem_of(request: web.Request, raw: bytes) -> str:
    if not PHONE.fullmatch(request.match_info["phone"]):
        return "The phone number is not in E.164 format."
    if not UUID.fullmatch(request.query.get("messageId", "")):
        return "messageId must be a UUID."
    if not request.query.get("agentId"):
        return "agentId is required."
    try:
        return message_problem(json.loads(raw))
    except ValueError:
        return "Invalid JSON payload received."


def claims_of(assertion: str) -> dict[str, Any]:
    try:
        _, middle, _ = assertion.split(".")
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def is_current(expiry: Any) -> bool:
    return isinstance(expiry, int | float) and expiry > time.time()


def error(
    status: int, word: str, message: str, *, headers: dict[str, str] | None = None
) -> web.Response:
    body = {"code": status, "message": message, "status": word}
    return json_answer({"error": body}, status=status, headers=headers)
