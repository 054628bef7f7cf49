"""Meta's WhatsApp Cloud API.

Source: developers.facebook.com/documentation/business-messaging/whatsapp (messages, error-codes,
webhooks), Graph API v23.0.
"""

from typing import Any
from urllib.parse import quote, urlsplit

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.events import ReceiptStatus
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import (
    ButtonParameter,
    Card,
    OutboundMessage,
    Parameter,
    ParameterKind,
    SenderAccount,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.error_rules import (
    by_status,
    json_object,
    least_certain,
    retry_after,
    succeeded,
    unmapped,
    without_code,
)
from channels.providers.json_values import code_in
from channels.providers.meta.answers import bearer
from channels.providers.meta.errors import details, held, rule_for
from channels.providers.meta.webhook import MetaWebhook

VERSION = "v23.0"


class MetaCloud:
    """Templates and texts over a WhatsApp business number."""

    provider = "meta_cloud"
    platforms = frozenset({Platform.WHATSAPP})
    default_base_url = "https://graph.facebook.com"
    credential_names: tuple[str, ...] = ("access_token",)
    account_scope: tuple[str, ...] = ()
    webhook_secret_names: tuple[str, ...] = ("app_secret", "verify_token")
    capabilities = Capabilities(
        user_ids=True,
        receipts=frozenset(ReceiptStatus),
        pair_interval=6.0,  # more than one message per user in 6 s is error 131056
        media=frozenset({ParameterKind.IMAGE, ParameterKind.VIDEO, ParameterKind.DOCUMENT}),
        carousels=True,
    )
    token_grant = None
    webhook = MetaWebhook()

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{_node(account)}/messages",
            headers=bearer(account),
            json={
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                **_recipient(message.to),
                "biz_opaque_callback_data": str(message.id),
                **_content(message),
            },
        )

    def send_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        if not succeeded(response):
            return _refusal(response, body)
        match body:
            case {"messages": [{"id": str(first)}, *_] as entries} if first:
                return _taken(first, entries)
            case {"error": dict()}:
                return _refusal(response, body)
        return by_status(response)

    def check_request(self, account: SenderAccount) -> HttpRequest:
        fields = "display_phone_number,verified_name,quality_rating"
        return HttpRequest(
            method="GET", url=f"{_node(account)}?fields={fields}", headers=bearer(account)
        )

    def check_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        if not succeeded(response):
            return _refusal(response, body)
        if not isinstance(body.get("display_phone_number"), str):
            return by_status(response)
        name, quality = body.get("verified_name", ""), body.get("quality_rating", "UNKNOWN")
        return Outcome(
            OutcomeKind.ACCEPTED,
            message=f"{body['display_phone_number']} {name}, quality {quality}",
        )


def _node(account: SenderAccount) -> str:
    return f"{account.base_url}/{VERSION}/{quote(account.account_id, safe='')}"


def _recipient(address: str) -> dict[str, str]:
    """A user id in `to` would be read as a number, and the message would be lost."""
    if address.startswith("+"):
        return {"to": address.removeprefix("+")}
    return {"recipient": address}


# --- the body -----------------------------------------------------------------------------------


def _content(message: OutboundMessage) -> dict[str, Any]:
    if isinstance(message.content, TemplateContent):
        return {"type": "template", "template": _template(message.content)}
    return _text(message.content)


def _text(content: TextContent) -> dict[str, Any]:
    """A text or a captioned medium; Meta allows them only within the 24-hour window."""
    if content.buttons:
        raise ValueError("Meta has buttons in its templates only.")
    if content.media is None:
        return {"type": "text", "text": {"body": content.text, "preview_url": False}}
    kind = content.media.kind.value
    media = _media(Parameter(content.media.url, kind=content.media.kind))
    if content.media.filename and content.media.kind is ParameterKind.DOCUMENT:
        media["filename"] = content.media.filename
    return {"type": kind, kind: media | ({"caption": content.text} if content.text else {})}


def _template(content: TemplateContent) -> dict[str, Any]:
    template: dict[str, Any] = {"name": content.name, "language": {"code": content.language}}
    components = _components(content)
    if content.cards:
        cards = [
            {"card_index": index, "components": _components(card)}
            for index, card in enumerate(content.cards)
        ]
        components.append({"type": "carousel", "cards": cards})
    return template | ({"components": components} if components else {})


def _components(content: TemplateContent | Card) -> list[dict[str, Any]]:
    texts: list[dict[str, Any]] = [
        {"type": kind, "parameters": [_parameter(parameter) for parameter in parameters]}
        for kind, parameters in (("header", content.header), ("body", content.body))
        if parameters
    ]
    return texts + [_button(button) for button in content.buttons]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    named = {"parameter_name": parameter.name} if parameter.name else {}
    if parameter.kind is ParameterKind.TEXT:
        return {"type": "text", **named, "text": parameter.value}
    kind = parameter.kind.value
    return {"type": kind, **named, kind: _media(parameter)}


def _media(parameter: Parameter) -> dict[str, str]:
    """A media object by URL or by upload id; a document shows its file's name."""
    if not parameter.value.startswith(("https://", "http://")):
        return {"id": parameter.value}
    path = urlsplit(parameter.value).path
    filename = path.rpartition("/")[2] if parameter.kind is ParameterKind.DOCUMENT else ""
    return {"link": parameter.value} | ({"filename": filename} if filename else {})


# sub_type → (type of its one parameter, the key that holds the value)
_BUTTONS = {
    "url": ("text", "text"),
    "copy_code": ("coupon_code", "coupon_code"),
    "quick_reply": ("payload", "payload"),
}


def _button(button: ButtonParameter) -> dict[str, Any]:
    kind, key = _BUTTONS[button.sub_type]
    return {
        "type": "button",
        "sub_type": button.sub_type,
        "index": str(button.index),
        "parameters": [{"type": kind, key: button.value}],
    }


# --- the answer ---------------------------------------------------------------------------------


def _taken(wamid: str, entries: list[Any]) -> Outcome:
    """The verdict of the least certain entry; Meta has taken the message in any case."""
    statuses = [
        entry.get("message_status") or "accepted" for entry in entries if isinstance(entry, dict)
    ]
    return least_certain([_accepted(wamid, status) for status in statuses])


def _accepted(wamid: str, status: Any) -> Outcome:
    if status == "accepted":
        return Outcome(OutcomeKind.ACCEPTED, provider_message_id=wamid)
    return held(wamid, status=str(status))


def _refusal(response: HttpResponse, body: dict[str, Any]) -> Outcome:
    match body:
        case {"error": {"code": given} as error} if (code := code_in(given)) is not None:
            rule = rule_for(code, error.get("error_subcode"))
            if rule is None:
                return unmapped(response, provider_code=str(code), message=details(error))
            return rule.outcome(provider_code=str(code), retry_after=retry_after(response))
        case {"error": dict() as error}:
            return without_code(response, details(error))
    return by_status(response)
