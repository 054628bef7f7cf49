"""The templates of a WhatsApp Business Account (WABA): create, review, list, edit, delete.

The review rejects a template whose name contains "reject". POST /_sandbox/templates changes a
template's status, quality or category and reports the change by webhook, as Meta does.
"""

import json
import re
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from aiohttp import web

from sandbox.books.witness import Provider
from sandbox.exchange.answers import SANDBOX, json_answer
from sandbox.providers.meta.invalid import INVALID_PARAMETER, Invalid
from sandbox.providers.meta.messages import ACCOUNT, VERSION, error, refuse_caller
from sandbox.providers.meta.template_rules import checked, shown
from sandbox.webhooks.bodies import encoded

REVIEW_SECONDS: Final = 0.3
ALREADY_EXISTS: Final = 2388024
BEING_DELETED: Final = 2388023
"""A name stays taken while its template is being deleted, which takes 30 days."""
REJECTED_MARK: Final = "reject"
LIMIT: Final = 100
NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class Template:
    number: str
    waba: str
    name: str
    language: str
    category: str
    parameter_format: str
    components: list[dict[str, Any]]
    status: str = "PENDING"
    reason: str = "NONE"
    quality: str = "UNKNOWN"
    submitted_at: float = field(default_factory=time.monotonic)

    def as_json(self) -> dict[str, Any]:
        self.review()
        return {
            "id": self.number,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "parameter_format": self.parameter_format,
            "components": shown(self.category, self.components),
            "rejected_reason": self.reason,
            "quality_score": {"score": self.quality},
        }

    def review(self) -> None:
        if self.status != "PENDING" or time.monotonic() < self.submitted_at + REVIEW_SECONDS:
            return
        rejected = REJECTED_MARK in self.name
        self.status = "REJECTED" if rejected else "APPROVED"
        self.reason = "INVALID_FORMAT" if rejected else "NONE"


class Templates(dict[str, Template]):
    """All templates by their id."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(int(time.time()) * 1000)
        self.deleted: set[tuple[str, str, str]] = set()
        """WABA, name and language of each deleted template."""

    def refusal(self, waba: str, name: str, language: str) -> tuple[int, str] | None:
        """Meta's error code and message if this name is taken, else None."""
        if any(
            (template.name, template.language) == (name, language) for template in self.of(waba)
        ):
            return ALREADY_EXISTS, "Content in this language already exists"
        if (waba, name, language) in self.deleted:
            return BEING_DELETED, "The existing content is being deleted. Try again in 4 weeks"
        return None

    def of(self, waba: str) -> list[Template]:
        return [template for template in self.values() if template.waba == waba]


TEMPLATES: Final = web.AppKey("templates", Templates)


def routes() -> list[web.RouteDef]:
    return [
        web.post(f"/{VERSION}/{ACCOUNT}/message_templates", create),
        web.get(f"/{VERSION}/{ACCOUNT}/message_templates", list_templates),
        web.delete(f"/{VERSION}/{ACCOUNT}/message_templates", delete),
        web.post(f"/{VERSION}/{ACCOUNT}", edit),
    ]


async def create(request: web.Request) -> web.Response:
    waba, templates = request.match_info["account"], request.app[TEMPLATES]
    if refused := refuse_caller(request, request.app[SANDBOX], waba):
        return refused
    try:
        body = checked(await request.read(), new=True)
    except Invalid as invalid:
        return error(400, invalid.code, "Invalid parameter", invalid.details)
    if refusal := templates.refusal(waba, body["name"], body["language"]):
        return error(400, *refusal, "")
    template = Template(
        number=str(next(templates.numbers)),
        waba=waba,
        name=body["name"],
        language=body["language"],
        category=body["category"],
        parameter_format=body.get("parameter_format", "POSITIONAL"),
        components=body["components"],
    )
    templates[template.number] = template
    return json_answer(
        {"id": template.number, "status": template.status, "category": template.category}
    )


async def edit(request: web.Request) -> web.Response:
    number = request.match_info["account"]
    if refused := refuse_caller(request, request.app[SANDBOX], number):
        return refused
    template = request.app[TEMPLATES].get(number)
    if template is None:
        return error(400, INVALID_PARAMETER, "Unsupported post request", "No such template")
    try:
        body = checked(await request.read(), new=False)
    except Invalid as invalid:
        return error(400, invalid.code, "Invalid parameter", invalid.details)
    template.components = body["components"]
    template.category = body.get("category", template.category)
    template.status, template.submitted_at = "PENDING", time.monotonic()
    return json_answer({"success": True})


async def delete(request: web.Request) -> web.Response:
    """Deletes all languages of `name`, or of these the template with the id `hsm_id`."""
    waba, templates = request.match_info["account"], request.app[TEMPLATES]
    if refused := refuse_caller(request, request.app[SANDBOX], waba):
        return refused
    name, number = request.query.get("name"), request.query.get("hsm_id")
    matching = [
        template
        for template in templates.of(waba)
        if template.name == name and number in (None, template.number)
    ]
    if not matching:
        return error(400, INVALID_PARAMETER, "Invalid parameter", "Message template not found")
    for template in matching:
        del templates[template.number]
        if template.as_json()["status"] == "APPROVED":
            templates.deleted.add((waba, template.name, template.language))
    return json_answer({"success": True})


async def list_templates(request: web.Request) -> web.Response:
    waba = request.match_info["account"]
    if refused := refuse_caller(request, request.app[SANDBOX], waba):
        return refused
    wanted = request.query.get("limit", "25")
    if not NUMBER.fullmatch(wanted):
        return error(400, INVALID_PARAMETER, "Invalid parameter", "limit must be a whole number")
    limit = min(LIMIT, int(wanted))
    after = request.query.get("after", "")
    remaining = [
        template for template in request.app[TEMPLATES].of(waba) if template.number > after
    ]
    page = [template.as_json() for template in remaining[:limit]]
    answer: dict[str, Any] = {"data": page}
    if page:
        answer["paging"] = {"cursors": {"before": page[0]["id"], "after": page[-1]["id"]}}
    if len(remaining) > limit:
        answer["paging"]["next"] = str(request.url)
    return json_answer(answer)


async def report(request: web.Request) -> web.Response:
    """Changes a template and queues the webhook call that reports the change.

    The body is `{"account": …, "id": …, "status" | "quality" | "category": …, "reason": …}`.
    """
    body = json.loads(await request.read())
    template = request.app[TEMPLATES].get(str(body.get("id")))
    if template is None:
        return json_answer({"error": "no such template"}, status=400)
    webhook_field, change = _change(template, body)
    value = {
        "message_template_id": int(template.number),
        "message_template_name": template.name,
        "message_template_language": template.language,
        **change,
    }
    entry = {
        "id": template.waba,
        "time": int(time.time()),
        "changes": [{"field": webhook_field, "value": value}],
    }
    call = encoded({"object": "whatsapp_business_account", "entry": [entry]})
    account = (Provider.META, str(body.get("account")))
    if request.app[SANDBOX].deliveries.target_of(account) is None:
        return json_answer({"error": "no webhook is set"}, status=400)
    request.app[SANDBOX].deliveries.call(account, call)
    return json_answer({"queued": True}, status=202)


def _change(template: Template, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Applies the change; returns the webhook's field and the changed values."""
    if "status" in body:
        template.status, template.reason = str(body["status"]), str(body.get("reason", "NONE"))
        change = {"event": template.status, "reason": template.reason}
        return "message_template_status_update", change
    if "quality" in body:
        before, template.quality = template.quality, str(body["quality"])
        change = {"previous_quality_score": before, "new_quality_score": template.quality}
        return "message_template_quality_update", change
    before, template.category = template.category, str(body.get("category"))
    change = {"previous_category": before, "new_category": template.category}
    return "template_category_update", change
