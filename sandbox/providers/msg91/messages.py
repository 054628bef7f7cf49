"""MSG91's flow API: one request for many recipients; and the balance, to check a key."""

import json
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.books.witness import Provider, Record, Status
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.group import exchange_group
from sandbox.exchange.hashing import content_hash
from sandbox.state import Attempt, Sandbox

REVOKED_MARK: Final = "revoked"
"""A key that contains this word is refused: tests of a wrong key need no set-up."""
MAX_RECIPIENTS: Final = 1000
MOBILE: Final = re.compile(r"[1-9][0-9]{7,14}")
REFERENCE: Final = re.compile(r"[A-Za-z0-9_.-]*")
SENDER: Final = re.compile(r"[A-Za-z0-9]{3,14}")
KNOWN: Final = frozenset({"template_id", "sender", "short_url", "recipients"})

# MSG91 has no codes for most of these reasons: it refuses a request with a sentence.
REFUSALS: Final = {
    Reason.UNAVAILABLE: (429, "Too many requests"),
    Reason.RATE_LIMITED: (429, "Too many requests"),
    Reason.PAIR_LIMITED: (429, "Too many requests"),
    Reason.TOKEN_REVOKED: (401, "Authentication failure"),
    Reason.TEMPLATE_PAUSED: (400, "Invalid template"),
    Reason.UNREACHABLE: (400, "No valid mobile number found"),
    Reason.BLOCKED: (400, "No valid mobile number found"),
}
REPORTED: Final = frozenset({Status.DELIVERED, Status.FAILED})


def routes() -> list[web.RouteDef]:
    return [web.post("/api/v5/flow", send), web.get("/api/balance.php", balance)]


async def send(request: web.Request) -> web.Response:
    sandbox, key = request.app[SANDBOX], request.headers.get("authkey", "")
    raw = await request.read()
    try:
        body = json.loads(raw)
    except ValueError:
        return error(400, "Invalid JSON")
    account = str(body.get("sender", "")) if isinstance(body, dict) else ""
    if not is_authorized(sandbox, account, key):
        return Msg91Words("").refused(Refusal(Reason.TOKEN_REVOKED))
    if problem := request_problem(body):
        sandbox.witness.refuse(Provider.MSG91, account, "invalid_400")
        return error(400, problem)
    request_id = secrets.token_hex(12)
    attempts = [
        attempt_of(account, body, recipient, request_id) for recipient in body["recipients"]
    ]
    return await exchange_group(request, sandbox, attempts, Msg91Words(request_id))


async def balance(request: web.Request) -> web.Response:
    if not is_authorized(request.app[SANDBOX], "", request.query.get("authkey", "")):
        return json_answer({"msg": "207", "msgType": "error"})
    return web.Response(text="1204.5")


class Msg91Words:
    def __init__(self, request_id: str) -> None:
        self.request_id = request_id

    def refused(self, refusal: Refusal) -> web.Response:
        status, sentence = REFUSALS[refusal.reason]
        wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
        return error(status, sentence, headers=wait)

    def accepted(self, _: Sequence[Record]) -> web.Response:
        return json_answer({"type": "success", "message": self.request_id})

    def broken(self) -> web.Response:
        """An answer that does not say whether the messages were accepted; they were."""
        return error(500, "Internal Server Error")


def error(status: int, sentence: str, *, headers: dict[str, str] | None = None) -> web.Response:
    return json_answer({"type": "error", "message": sentence}, status=status, headers=headers)


def is_authorized(sandbox: Sandbox, account: str, key: str) -> bool:
    faults = sandbox.faults_of((Provider.MSG91, account))
    if key and REVOKED_MARK not in key and not faults.refuses_token(key):
        return True
    sandbox.witness.refuse(Provider.MSG91, account, Reason.TOKEN_REVOKED)
    return False


def request_problem(body: Any) -> str:
    """The body's first problem as a sentence; '' if it has none."""
    if not isinstance(body, dict) or set(body) - KNOWN:
        return "Unknown parameters"
    if not isinstance(body.get("template_id"), str) or not body["template_id"]:
        return "template id missing"
    if not SENDER.fullmatch(str(body.get("sender", ""))):
        return "Invalid sender"
    recipients = body.get("recipients")
    if not isinstance(recipients, list) or not 0 < len(recipients) <= MAX_RECIPIENTS:
        return "recipients missing"
    return next(filter(None, map(recipient_problem, recipients)), "")


def recipient_problem(recipient: Any) -> str:
    if not isinstance(recipient, dict):
        return "Invalid recipients"
    if not all(isinstance(value, str) for value in recipient.values()):
        return "Invalid recipients"
    if not REFERENCE.fullmatch(recipient.get("CRQID", "")):
        return "Invalid CRQID"
    return "" if MOBILE.fullmatch(recipient.get("mobiles", "")) else "No valid mobile number found"


def attempt_of(
    account: str, body: dict[str, Any], recipient: dict[str, str], request_id: str
) -> Attempt:
    our_id = recipient.get("CRQID", "")
    content = json.dumps([body["template_id"], recipient], sort_keys=True)
    return Attempt(
        provider=Provider.MSG91,
        account=account,
        to=recipient["mobiles"],
        our_id=our_id,
        content_hash="" if our_id else content_hash(content),
        template=body["template_id"],
        reports=REPORTED,
        message_id=f"{request_id}:{recipient['mobiles']}",
    )
