"""Twilio's Message resource: sending, and the list of an account's messages."""

import binascii
from base64 import b64decode
from itertools import islice
from typing import Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from smsutil import split

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.books.witness import Provider, Record, Status
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.hashing import content_hash
from sandbox.exchange.single import exchange
from sandbox.providers.twilio.listing import SHOWN, filters_of, message
from sandbox.providers.twilio.validation import CODES, message_problem
from sandbox.state import Attempt, Sandbox

MESSAGES: Final = "/2010-04-01/Accounts/{account:AC[0-9a-fA-F]{32}}/Messages.json"
REVOKED_MARK: Final = "revoked"
"""A token that contains this word is refused: tests of a wrong token need no set-up."""

TOO_MANY: Final = (429, 20429, "Too Many Requests")
# Twilio documents only its 429 as "never processed".
REFUSALS: Final = {
    Reason.UNREACHABLE: (400, 21614, "'To' number is not a valid mobile number"),
    Reason.BLOCKED: (400, 21610, "Attempt to send to unsubscribed recipient"),
    Reason.UNAVAILABLE: TOO_MANY,
    Reason.RATE_LIMITED: TOO_MANY,
    Reason.PAIR_LIMITED: TOO_MANY,
    Reason.TOKEN_REVOKED: (401, 20003, "Authenticate"),
    Reason.TEMPLATE_PAUSED: (400, 63041, "Template paused"),
}
OUR_ID: Final = "broadcast_message_id"
"""The query parameter of a StatusCallback that holds our id of the message."""
NEVER_READ: Final = frozenset(Status) - {Status.READ}


def routes() -> list[web.RouteDef]:
    return [web.post(MESSAGES, send), web.get(MESSAGES, read)]


async def send(request: web.Request) -> web.Response:
    sandbox, account = request.app[SANDBOX], request.match_info["account"]
    form = {name: str(value) for name, value in (await request.post()).items()}
    if refused := refuse_caller(request, sandbox, account):
        return refused
    if problem := message_problem(form):
        sandbox.witness.refuse(Provider.TWILIO, account, f"invalid_{problem}")
        return error(400, problem, CODES[problem])
    return await exchange(request, sandbox, attempt_of(account, form), TwilioWords(account, form))


async def read(request: web.Request) -> web.Response:
    """One page of the account's messages, newest first, chosen by Twilio's documented filters."""
    sandbox, account = request.app[SANDBOX], request.match_info["account"]
    if refused := refuse_caller(request, sandbox, account):
        return refused
    filters = filters_of(request.query)
    if filters is None:
        return error(400, 20001, CODES[20001])
    listed = (
        message(account, record, shown)
        for record, shown in sandbox.listed(Provider.TWILIO, account)
        if filters.matches(record, shown)
    )
    page = list(islice(listed, filters.page_size + 1))
    more = f"{request.path}?Page=1" if len(page) > filters.page_size else None
    return json_answer(
        {
            "messages": page[: filters.page_size],
            "page": 0,
            "page_size": filters.page_size,
            "next_page_uri": more,
            "uri": request.path_qs,
        }
    )


class TwilioWords:
    def __init__(self, account: str, form: dict[str, str]) -> None:
        self.account, self.form = account, form

    def refused(self, refusal: Refusal) -> web.Response:
        status, code, message = REFUSALS[refusal.reason]
        wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
        return error(status, code, message, headers=wait)

    def accepted(self, record: Record) -> web.Response:
        return json_answer(message(self.account, record, self.form), status=201)

    def broken(self) -> web.Response:
        """An answer that does not say whether the message was accepted; it was."""
        return error(500, 20500, "Internal Server Error")


def refuse_caller(request: web.Request, sandbox: Sandbox, account: str) -> web.Response | None:
    user, token = credentials_of(request)
    faults = sandbox.faults_of((Provider.TWILIO, account))
    is_plausible = user == account and token and REVOKED_MARK not in token
    if is_plausible and not faults.refuses_token(token):
        sandbox.deliveries.secrets[Provider.TWILIO, account] = token
        return None
    sandbox.witness.refuse(Provider.TWILIO, account, Reason.TOKEN_REVOKED)
    return TwilioWords(account, {}).refused(Refusal(Reason.TOKEN_REVOKED))


def credentials_of(request: web.Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, token = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, token) if scheme.lower() == "basic" else ("", "")


def segments_of(form: dict[str, str]) -> int:
    """The number of an SMS's segments; 1 for other channels and messages with media."""
    is_sms = ":" not in form["To"] and "MediaUrl" not in form
    return max(1, len(split(form.get("Body", "")).parts)) if is_sms else 1


def error(
    status: int, code: int, message: str, *, headers: dict[str, str] | None = None
) -> web.Response:
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return json_answer(body, status=status, headers=headers)


def attempt_of(account: str, form: dict[str, str]) -> Attempt:
    callback = form.get("StatusCallback", "")
    our_id = parse_qs(urlsplit(callback).query).get(OUR_ID, [""])[0]
    content = "\n".join(form.get(name, "") for name in ("Body", "ContentSid", "ContentVariables"))
    return Attempt(
        provider=Provider.TWILIO,
        account=account,
        to=form["To"].replace("+", ""),
        our_id=our_id,
        content_hash="" if our_id else content_hash(content),
        template=form.get("ContentSid", ""),
        callback=callback,
        segments=segments_of(form),
        valid_for=float(form["ValidityPeriod"]) if "ValidityPeriod" in form else None,
        shown={name: form[name] for name in SHOWN if name in form},
        # SMS has no read receipts.
        reports=frozenset(Status) if ":" in form["To"] else NEVER_READ,
    )
