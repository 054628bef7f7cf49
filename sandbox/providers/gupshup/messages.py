"""Gupshup's WhatsApp API: sending templates and texts, and managing templates."""

import json
import re
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from sandbox.behaviour.faults import Reason, Refusal
from sandbox.books.witness import Provider, Record
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.exchange.hashing import content_hash
from sandbox.exchange.single import exchange
from sandbox.providers.meta.template_rules import LONGEST_MINUTES, otp_as_url
from sandbox.state import Attempt, Sandbox

MINUTES: Final = re.compile(r"[0-9]{1,9}")
REVOKED_MARK: Final = "revoked"
"""A key that contains this word is refused: tests of a wrong key need no set-up."""
NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
KNOWN: Final = frozenset(
    {"channel", "source", "destination", "src.name", "template", "message", "postbackTexts"}
)
REQUIRED: Final = frozenset(
    {"elementName", "languageCode", "category", "vertical", "templateType", "content", "example"}
)
TEMPLATES: Final = web.AppKey("gupshup_templates", dict[str, dict[str, dict[str, str]]])
"""The templates of each app by id, as the list shows them."""
TOO_MANY: Final = (429, "Too Many Requests")
REFUSALS: Final = {
    Reason.UNREACHABLE: (400, "Invalid Destination"),
    Reason.BLOCKED: (400, "Invalid Destination"),
    Reason.UNAVAILABLE: TOO_MANY,
    Reason.RATE_LIMITED: TOO_MANY,
    Reason.PAIR_LIMITED: TOO_MANY,
    Reason.TOKEN_REVOKED: (401, "Authentication Failed"),
    Reason.TEMPLATE_PAUSED: (400, "Template is paused"),
}


def routes() -> list[web.RouteDef]:
    return [
        web.post("/wa/api/v1/template/msg", send),
        web.post("/wa/api/v1/msg", send),
        web.get("/wa/app/{app}/template", list_templates),
        web.post("/wa/app/{app}/template", apply_for_template),
        web.put("/wa/app/{app}/template/{template}", apply_for_template),
        web.delete("/wa/app/{app}/template/{name}", delete_template),
    ]


async def send(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    form = {name: str(value) for name, value in (await request.post()).items()}
    account = form.get("source", "")
    if not is_authorized(request, sandbox, account):
        return GupshupWords().refused(Refusal(Reason.TOKEN_REVOKED))
    is_template = request.path.endswith("/template/msg")
    if problem := message_problem(form, is_template=is_template):
        sandbox.witness.refuse(Provider.GUPSHUP, account[:32], "invalid_400")
        return error(400, problem)
    return await exchange(request, sandbox, attempt_of(form), GupshupWords())


async def list_templates(request: web.Request) -> web.Response:
    """The app's templates; each is APPROVED from the second time on that it is listed."""
    if not is_authorized(request, request.app[SANDBOX], ""):
        return GupshupWords().refused(Refusal(Reason.TOKEN_REVOKED))
    app, templates_by_app = request.match_info["app"], request.app[TEMPLATES]
    templates_by_id = templates_by_app.get(app, {})
    templates_by_app[app] = {
        template_id: {**template, "status": "APPROVED"}
        for template_id, template in templates_by_id.items()
    }
    return json_answer({"status": "success", "templates": list(templates_by_id.values())})


async def apply_for_template(request: web.Request) -> web.Response:
    """Creates or edits a template: PENDING now and in the next list, APPROVED afterwards."""
    if not is_authorized(request, request.app[SANDBOX], ""):
        return GupshupWords().refused(Refusal(Reason.TOKEN_REVOKED))
    form = {name: str(value) for name, value in (await request.post()).items()}
    if problem := template_problem(form):
        return error(400, problem)
    template_id = request.match_info.get("template") or str(uuid4())
    template = {
        "id": template_id,
        "elementName": form["elementName"],
        "languageCode": form["languageCode"],
        "category": form["category"],
        "templateType": form["templateType"],
        "data": form["content"],
        "status": "PENDING",
        "containerMeta": json.dumps(container_meta(form)),
    }
    app = request.app[TEMPLATES].setdefault(request.match_info["app"], {})
    app[template_id] = template
    return json_answer({"status": "success", "template": template})


def container_meta(form: dict[str, str]) -> dict[str, Any]:
    """The parts of a template besides its body, as Gupshup's list shows them."""
    meta: dict[str, Any] = {"data": form["content"], "sampleText": form["example"]}
    meta |= {name: form[name] for name in ("header", "footer") if name in form}
    if "buttons" in form:
        buttons = json.loads(form["buttons"])
        meta["buttons"] = [
            otp_as_url(button) if button["type"] == "OTP" else button for button in buttons
        ]
    meta["addSecurityRecommendation"] = form.get("addSecurityRecommendation") == "true"
    if "codeExpirationMinutes" in form:
        meta["codeExpirationMinutes"] = int(form["codeExpirationMinutes"])
    return meta


async def delete_template(request: web.Request) -> web.Response:
    """Deletes the templates with this element name, in all languages."""
    if not is_authorized(request, request.app[SANDBOX], ""):
        return GupshupWords().refused(Refusal(Reason.TOKEN_REVOKED))
    app = request.app[TEMPLATES].setdefault(request.match_info["app"], {})
    name = request.match_info["name"]
    matching = [number for number, template in app.items() if template["elementName"] == name]
    if not matching:
        return error(400, "Template Does not exists.")
    for number in matching:
        del app[number]
    return json_answer({"status": "success"})


def template_problem(form: dict[str, str]) -> str:
    """The form's first problem as a sentence; '' if it has none."""
    missing = sorted(name for name in REQUIRED if not form.get(name))
    if missing:
        return f"{missing[0]} is required"
    if form["category"] not in ("AUTHENTICATION", "MARKETING", "UTILITY"):
        return "Invalid category provided"
    try:
        buttons = json.loads(form.get("buttons", "[]"))
    except ValueError:
        return "Invalid buttons"
    if not isinstance(buttons, list) or not all(isinstance(button, dict) for button in buttons):
        return "Invalid buttons"
    if (form["category"] == "AUTHENTICATION") != any(
        button.get("type") == "OTP" for button in buttons
    ):
        return "Invalid buttons"
    minutes = form.get("codeExpirationMinutes", "1")
    in_range = MINUTES.fullmatch(minutes) and 1 <= int(minutes) <= LONGEST_MINUTES
    return "" if in_range else "Invalid minutes"


class GupshupWords:
    def refused(self, refusal: Refusal) -> web.Response:
        status, sentence = REFUSALS[refusal.reason]
        wait = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
        return error(status, sentence, headers=wait)

    def accepted(self, record: Record) -> web.Response:
        body = {"status": "submitted", "messageId": record.message_id}
        return json_answer(body, status=202)

    def broken(self) -> web.Response:
        """An answer that does not say whether the message was accepted; it was."""
        return error(500, "Internal Server Error")


def error(status: int, sentence: str, *, headers: dict[str, str] | None = None) -> web.Response:
    return json_answer({"status": "error", "message": sentence}, status=status, headers=headers)


def is_authorized(request: web.Request, sandbox: Sandbox, account: str) -> bool:
    key = request.headers.get("apikey", "")
    faults = sandbox.faults_of((Provider.GUPSHUP, account))
    if key and REVOKED_MARK not in key and not faults.refuses_token(key):
        return True
    sandbox.witness.refuse(Provider.GUPSHUP, account[:32], Reason.TOKEN_REVOKED)
    return False


def message_problem(form: dict[str, str], *, is_template: bool) -> str:
    """The form's first problem as a sentence; '' if it has none."""
    if set(form) - KNOWN or form.get("channel") != "whatsapp":
        return "Invalid parameters"
    if not form.get("src.name"):
        return "Invalid App Details"
    if not NUMBER.fullmatch(form.get("source", "")):
        return "Invalid Source"
    if not NUMBER.fullmatch(form.get("destination", "")):
        return "Invalid Destination"
    if is_template:
        return _sent_template_problem(form)
    return "" if isinstance(_json(form.get("message", "")).get("type"), str) else "Invalid message"


def _sent_template_problem(form: dict[str, str]) -> str:
    match _json(form.get("template", "")):
        case {"id": str(name), "params": [*params]} if name:
            are_texts = all(isinstance(param, str) and param for param in params)
            return "" if are_texts else "Invalid template params"
    return "Template not found"


def _json(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def attempt_of(form: dict[str, str]) -> Attempt:
    content = form.get("template", "") + form.get("message", "")
    return Attempt(
        provider=Provider.GUPSHUP,
        account=form["source"],
        to=form["destination"],
        our_id="",
        content_hash=content_hash(content),
        template=str(_json(form.get("template", "")).get("id", "")),
        message_id=str(uuid4()),
    )
