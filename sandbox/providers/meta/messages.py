"""The WhatsApp Cloud API: sending messages, and reading a phone number to check a token."""

import json
import secrets
from typing import Any, Final

from aiohttp import web

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.behaviour.magic import Behaviour
from sandbox.books.witness import Provider, Record
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.hashing import content_hash
from sandbox.exchange.single import exchange
from sandbox.providers.meta.invalid import INVALID_PARAMETER, Invalid
from sandbox.providers.meta.templates import TEMPLATE_MISSING
from sandbox.providers.meta.validation import USER_ID, check_message, recipient_of
from sandbox.state import Attempt, Sandbox
from sandbox.webhooks.bodies import DISPLAY_NUMBER

ACCOUNT: Final = "{account:[^/]+}"
VERSION: Final = r"{version:v\d+\.\d+}"
INVALID_TOKEN: Final = 190
REVOKED_MARK: Final = "revoked"
"""A token that contains this word is refused: tests of a wrong token need no set-up."""

TITLES: Final = {
    100: "Invalid parameter",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    132001: "Template name does not exist in the translation",
    132018: "There's an issue with the parameters in your template",
}
# Meta's pages disagree on some HTTP statuses; clients branch on the code.
REFUSALS: Final = {
    Reason.UNREACHABLE: (400, 131026, "Message undeliverable", "Message Undeliverable."),
    Reason.BLOCKED: (
        400,
        131050,
        "User has stopped marketing messages",
        (
            "Unable to deliver the message. This recipient has chosen to stop receiving marketing "
            "messages on WhatsApp from your business"
        ),
    ),
    Reason.UNAVAILABLE: (500, 131016, "Service unavailable", "Service temporarily unavailable."),
    Reason.RATE_LIMITED: (
        429,
        130429,
        "Rate limit hit",
        (
            "Message failed to send because there were too many messages sent from this phone "
            "number in a short period of time"
        ),
    ),
    Reason.PAIR_LIMITED: (
        400,
        131056,
        "(Business Account, Consumer Account) pair rate limit hit",
        (
            "Message failed to send because there were too many messages sent from this phone "
            "number to the same phone number in a short period of time."
        ),
    ),
    Reason.TEMPLATE_PAUSED: (
        400,
        132015,
        "Template is paused",
        "Template is paused due to low quality so it cannot be sent in a template message.",
    ),
    Reason.TOKEN_REVOKED: (
        401,
        INVALID_TOKEN,
        "Error validating access token",
        "The session has been invalidated",
    ),
}


def routes() -> list[web.RouteDef]:
    return [
        web.post(f"/{VERSION}/{ACCOUNT}/messages", send),
        web.get(f"/{VERSION}/{ACCOUNT}", phone_number),
    ]


async def send(request: web.Request) -> web.Response:
    sandbox, account = request.app[SANDBOX], request.match_info["account"]
    raw = await request.read()
    if refused := refuse_caller(request, sandbox, account):
        return refused
    try:
        body = json.loads(raw)
        check_message(body)
    except Invalid as invalid:
        return refuse_body(sandbox, account, invalid)
    except ValueError:
        return refuse_body(
            sandbox, account, Invalid(INVALID_PARAMETER, "Invalid JSON in request body")
        )
    return await exchange(
        request, sandbox, attempt_of(account, body), MetaWords(body.get("to") or body["recipient"])
    )


async def phone_number(request: web.Request) -> web.Response:
    sandbox, account = request.app[SANDBOX], request.match_info["account"]
    if refused := refuse_caller(request, sandbox, account):
        return refused
    fields = {
        "verified_name": "Sandbox",
        "code_verification_status": "VERIFIED",
        "display_phone_number": f"+{DISPLAY_NUMBER}",
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
    }
    wanted = request.query.get("fields")
    names = wanted.split(",") if wanted else list(fields)
    return json_answer({**{name: fields[name] for name in names if name in fields}, "id": account})


class MetaWords:
    def __init__(self, to: str) -> None:
        self.to = to

    def refused(self, refusal: Refusal) -> web.Response:
        status, code, title, details = REFUSALS[refusal.reason]
        wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
        return error(status, code, title, details, headers=wait)

    def accepted(self, record: Record) -> web.Response:
        is_held = record.behaviour is Behaviour.HELD
        message = {
            "id": record.message_id,
            "message_status": "held_for_quality_assessment" if is_held else "accepted",
        }
        key = "user_id" if USER_ID.fullmatch(record.to) else "wa_id"
        contact = {"input": self.to, key: record.to}
        return json_answer(
            {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}
        )

    def broken(self) -> web.Response:
        """An answer that does not say whether the message was accepted; it was."""
        return error(500, 1, "API Unknown", "An unknown error has occurred.")


def refuse_caller(request: web.Request, sandbox: Sandbox, account: str) -> web.Response | None:
    if not account.isdecimal():
        sandbox.witness.refuse(Provider.META, account[:32], "invalid_100")
        details = "Object does not exist, cannot be loaded due to missing permissions"
        return error(400, INVALID_PARAMETER, "Unsupported request", details)
    return refuse_token(request, sandbox, account)


def refuse_token(
    request: web.Request, sandbox: Sandbox, account: str, *, scheme: str = "bearer"
) -> web.Response | None:
    sent_scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    faults = sandbox.faults_of((Provider.META, account))
    is_plausible = sent_scheme.lower() == scheme and token and REVOKED_MARK not in token
    if is_plausible and not faults.refuses_token(token):
        return None
    sandbox.witness.refuse(Provider.META, account, Reason.TOKEN_REVOKED)
    return MetaWords("").refused(Refusal(Reason.TOKEN_REVOKED))


def refuse_body(sandbox: Sandbox, account: str, invalid: Invalid) -> web.Response:
    sandbox.witness.refuse(Provider.META, account, f"invalid_{invalid.code}")
    status = 404 if invalid.code == TEMPLATE_MISSING else 400
    return error(status, invalid.code, TITLES[invalid.code], invalid.details)


def error(
    status: int, code: int, title: str, details: str, *, headers: dict[str, str] | None = None
) -> web.Response:
    body = {
        "message": f"(#{code}) {title}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": secrets.token_urlsafe(8),
    }
    return json_answer({"error": body}, status=status, headers=headers)


def attempt_of(account: str, body: dict[str, Any]) -> Attempt:
    our_id = body.get("biz_opaque_callback_data", "")
    return Attempt(
        provider=Provider.META,
        account=account,
        to=recipient_of(body),
        our_id=our_id,
        # Our id distinguishes messages; without an id, the content must.
        content_hash="" if our_id else content_hash(json.dumps(body[body["type"]], sort_keys=True)),
        template=body["template"]["name"] if body["type"] == "template" else "",
        body=body,
    )
