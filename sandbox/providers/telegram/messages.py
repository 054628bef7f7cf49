"""The Bot API under /bot<token>/: sending messages and files, getMe, and webhooks."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.books.witness import Provider, Record
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.hashing import content_hash
from sandbox.exchange.single import exchange
from sandbox.providers.telegram.validation import (
    CHAT_NOT_FOUND,
    TOKEN,
    media_problem,
    message_problem,
    webhook_problem,
)
from sandbox.state import Attempt, Sandbox
from sandbox.webhooks.deliveries import Target
from sandbox.webhooks.telegram import bot_user, chat_of

Parameters = dict[str, Any]
Method = Callable[[web.Request, Sandbox, str, Parameters], Awaitable[web.Response]]

UPGRADED: Final = re.compile(r"-(?!100)[0-9]*9030")
"""Ids of groups that have become supergroups; the new id is -100 and the old digits."""
REVOKED_MARK: Final = "revoked"
"""A token that contains this word is refused: tests of a wrong token need no set-up."""
TRUE: Final = True
"""The result of a method that returns nothing else."""
FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
REFUSALS: Final = {
    Reason.UNREACHABLE: (400, CHAT_NOT_FOUND),
    Reason.BLOCKED: (403, "Forbidden: bot was blocked by the user"),
    Reason.TOKEN_REVOKED: (401, "Unauthorized"),
    Reason.TEMPLATE_PAUSED: (400, "Bad Request: message text is empty"),
}
QUERY_TOO_OLD: Final = (
    "Bad Request: query is too old and response timeout expired or query ID is invalid"
)
# The Bot API documents one answer for "not now": a 429 with parameters.retry_after.
TOO_MANY: Final = (429, "Too Many Requests: retry after {}")


def routes() -> list[web.RouteDef]:
    # Telegram answers GET and POST alike.
    return [web.route("*", "/bot{token:[^/]+}/{method:[A-Za-z]+}", answer)]


async def answer(request: web.Request) -> web.Response:
    sandbox, token = request.app[SANDBOX], request.match_info["token"]
    method = METHODS.get(request.match_info["method"].lower())
    if method is None or not TOKEN.fullmatch(token):
        return error(404, "Not Found")
    bot = token.partition(":")[0]
    if REVOKED_MARK in token or sandbox.faults_of((Provider.TELEGRAM, bot)).refuses_token(token):
        sandbox.witness.refuse(Provider.TELEGRAM, bot, Reason.TOKEN_REVOKED)
        return error(401, "Unauthorized")
    try:
        parameters = await parameters_of(request)
    except ValueError:
        return refuse(sandbox, bot, "Bad Request: can't parse request JSON object")
    return await method(request, sandbox, bot, parameters)


async def send_message(
    request: web.Request, sandbox: Sandbox, bot: str, parameters: Parameters
) -> web.Response:
    if problem := message_problem(parameters):
        return refuse(sandbox, bot, problem)
    if UPGRADED.fullmatch(str(parameters["chat_id"])):
        return moved(sandbox, bot, str(parameters["chat_id"]))
    attempt = Attempt(
        provider=Provider.TELEGRAM,
        account=bot,
        to=str(parameters["chat_id"]),
        our_id="",
        content_hash=content_hash(parameters["text"]),
        reports=frozenset(),
    )
    return await exchange(request, sandbox, attempt, TelegramWords({"text": parameters["text"]}))


def sends(kind: str) -> Method:
    """The method sendPhoto, sendVideo or sendDocument; the sandbox does not fetch a file's URL."""

    async def send(
        request: web.Request, sandbox: Sandbox, bot: str, parameters: Parameters
    ) -> web.Response:
        if problem := media_problem(kind, parameters):
            return refuse(sandbox, bot, problem)
        caption = parameters.get("caption", "")
        attempt = Attempt(
            provider=Provider.TELEGRAM,
            account=bot,
            to=str(parameters["chat_id"]),
            our_id="",
            content_hash=content_hash(f"{kind}\n{parameters[kind]}\n{caption}"),
            reports=frozenset(),
        )
        file = {"file_id": "sandbox-file", "file_unique_id": "sandbox"}
        size = {"width": 1, "height": 1}
        content = {kind: [file | size] if kind == "photo" else file, "caption": caption}
        return await exchange(request, sandbox, attempt, TelegramWords(content))

    return send


async def get_me(_: web.Request, __: Sandbox, bot: str, ___: Parameters) -> web.Response:
    return success(bot_user(bot) | {"can_join_groups": True, "supports_inline_queries": False})


async def set_webhook(
    _: web.Request, sandbox: Sandbox, bot: str, parameters: Parameters
) -> web.Response:
    if problem := webhook_problem(parameters):
        return refuse(sandbox, bot, problem)
    if not parameters["url"]:
        return await delete_webhook(_, sandbox, bot, {})
    target = Target(parameters["url"], parameters.get("secret_token", ""))
    sandbox.deliveries.targets[Provider.TELEGRAM, bot] = target
    return success(TRUE, description="Webhook was set")


async def delete_webhook(
    _: web.Request, sandbox: Sandbox, bot: str, __: Parameters
) -> web.Response:
    sandbox.deliveries.targets.pop((Provider.TELEGRAM, bot), None)
    return success(TRUE, description="Webhook was deleted")


async def answer_callback_query(
    _: web.Request, sandbox: Sandbox, bot: str, parameters: Parameters
) -> web.Response:
    query = str(parameters.get("callback_query_id", ""))
    if not query.isdecimal():
        return refuse(sandbox, bot, QUERY_TOO_OLD)
    sandbox.acknowledged[bot, query] += 1
    return success(TRUE)


async def get_webhook_info(
    _: web.Request, sandbox: Sandbox, bot: str, __: Parameters
) -> web.Response:
    account = (Provider.TELEGRAM, bot)
    target = sandbox.deliveries.target_of(account)
    return success(
        {
            "url": target.url if target else "",
            "has_custom_certificate": False,
            "pending_update_count": sandbox.deliveries.waiting_calls(account),
        }
    )


METHODS: Final[dict[str, Method]] = {
    "sendmessage": send_message,
    "sendphoto": sends("photo"),
    "sendvideo": sends("video"),
    "senddocument": sends("document"),
    "answercallbackquery": answer_callback_query,
    "getme": get_me,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
}


class TelegramWords:
    def __init__(self, content: Parameters) -> None:
        self.content = content

    def refused(self, refusal: Refusal) -> web.Response:
        if refusal.reason in REFUSALS:
            return error(*REFUSALS[refusal.reason])
        wait = max(1, refusal.retry_after)
        code, description = TOO_MANY
        return error(code, description.format(wait), retry_after=wait)

    def accepted(self, record: Record) -> web.Response:
        return success(
            {
                "message_id": int(record.message_id),
                "from": bot_user(record.account),
                "chat": chat_of(record.to),
                "date": int(record.accepted_at),
                **self.content,
            }
        )

    def broken(self) -> web.Response:
        """An answer that does not say whether the message was accepted; it was."""
        return error(500, "Internal Server Error")


async def parameters_of(request: web.Request) -> Parameters:
    """Parameters from the query and the form or JSON body; the body wins. Raises ValueError."""
    parameters: Parameters = {key: _typed(key, value) for key, value in request.query.items()}
    if request.content_type in FORM_TYPES:
        form = await request.post()
        return parameters | {key: _typed(key, value) for key, value in form.items()}
    raw = await request.read()
    body = json.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise ValueError("the body is not an object")  # noqa: TRY004 (becomes a 400)
    return parameters | body


def _typed(key: str, value: Any) -> Any:
    """In a query or form, all values but texts are JSON-encoded. Raises ValueError."""
    return value if key in TEXTS or not isinstance(value, str) else json.loads(value)


TEXTS: Final = frozenset(
    {
        "chat_id",
        "text",
        "caption",
        "photo",
        "video",
        "document",
        "parse_mode",
        "url",
        "secret_token",
        "callback_query_id",
        "ip_address",
        "certificate",
    }
    | {"business_connection_id", "message_effect_id"}
)


def moved(sandbox: Sandbox, bot: str, chat_id: str) -> web.Response:
    """The answer about a group that became a supergroup, with its new id."""
    sandbox.witness.refuse(Provider.TELEGRAM, bot, "moved")
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    return error(400, description, parameters={"migrate_to_chat_id": int(f"-100{chat_id[1:]}")})


def success(result: Any, **more: str) -> web.Response:
    return json_answer({"ok": True, "result": result, **more})


def refuse(sandbox: Sandbox, bot: str, problem: str) -> web.Response:
    sandbox.witness.refuse(Provider.TELEGRAM, bot, "invalid_400")
    return error(400, problem)


def error(
    code: int, description: str, *, retry_after: int = 0, parameters: Parameters | None = None
) -> web.Response:
    body: Parameters = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    if not retry_after:
        return json_answer(body, status=code)
    body["parameters"] = {"retry_after": retry_after}
    return json_answer(body, status=code, headers={"Retry-After": str(retry_after)})
