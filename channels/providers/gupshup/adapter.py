"""Gupshup's WhatsApp API. A sender's `account_id` is its number without the plus sign.

Source: docs.gupshup.io (send message with template id, message events, error codes).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.events import ReceiptStatus
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import (
    Media,
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
    retry_after,
    succeeded,
    unmapped,
    without_code,
)
from channels.providers.gupshup.errors import rule_for_sentence
from channels.providers.gupshup.webhook import GupshupWebhook
from channels.providers.url_token import URL_TOKEN


class Gupshup:
    """Templates by Gupshup's id, and texts within the 24-hour window."""

    provider = "gupshup"
    platforms = frozenset({Platform.WHATSAPP})
    default_base_url = "https://api.gupshup.io"
    credential_names: tuple[str, ...] = ("api_key", "app_id", "app_name")
    account_scope: tuple[str, ...] = ("app_id",)
    webhook_secret_names: tuple[str, ...] = (URL_TOKEN,)
    capabilities = Capabilities(
        receipts=frozenset(ReceiptStatus),
        pair_interval=6.0,  # Meta's limit, which applies to Gupshup too
        media=frozenset({ParameterKind.IMAGE, ParameterKind.VIDEO, ParameterKind.DOCUMENT}),
    )
    token_grant = None
    webhook = GupshupWebhook()

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        path, content = _content(message.content)
        return HttpRequest(
            method="POST",
            url=f"{account.base_url}{path}",
            headers={"apikey": account.credentials["api_key"]},
            form={
                "channel": "whatsapp",
                "source": account.account_id.removeprefix("+"),
                "destination": message.to.removeprefix("+"),
                "src.name": account.credentials["app_name"],
                **content,
            },
        )

    def send_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        match body:
            case {"messageId": str() | int() as message_id} if message_id:
                # The id proves that Gupshup took the message, whatever the word for it is.
                if succeeded(response) and body.get("status") != "error":
                    return Outcome(OutcomeKind.ACCEPTED, provider_message_id=str(message_id))
        return _refusal(response, body)

    def check_request(self, account: SenderAccount) -> HttpRequest:
        app = quote(account.credentials["app_id"], safe="")
        return HttpRequest(
            method="GET",
            url=f"{account.base_url}/wa/app/{app}/template",
            headers={"apikey": account.credentials["api_key"]},
        )

    def check_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        match body:
            case {"status": "success", "templates": [*templates]} if succeeded(response):
                return Outcome(OutcomeKind.ACCEPTED, message=f"Gupshup: {len(templates)} templates")
        return _refusal(response, body)


# --- the form -----------------------------------------------------------------------------------

TEMPLATES = "/wa/api/v1/template/msg"
MESSAGES = "/wa/api/v1/msg"


def _content(content: TextContent | TemplateContent) -> tuple[str, dict[str, str]]:
    """The path and the form's fields; a template's medium is a field of its own."""
    if isinstance(content, TemplateContent):
        media = [param for param in content.header if param.kind is not ParameterKind.TEXT]
        message = {"message": _compact(_media(media[0].kind, media[0].value))} if media else {}
        return TEMPLATES, {"template": _compact(_template(content)), **message}
    if content.buttons:
        raise ValueError("Gupshup has buttons in its templates only.")
    return MESSAGES, {"message": _compact(_message(content))}


def _template(content: TemplateContent) -> dict[str, Any]:
    """Parameters in the order of the template: header, body, buttons, cards."""
    if not content.provider_template_id:
        raise ValueError("The template has no Gupshup id.")
    values = [*_texts(content.header), *_texts(content.body)]
    values += [button.value for button in content.buttons]
    for card in content.cards:
        values += [*_texts(card.header), *_texts(card.body)]
        values += [button.value for button in card.buttons]
    return {"id": content.provider_template_id, "params": values}


def _texts(parameters: Sequence[Parameter]) -> list[str]:
    return [param.value for param in parameters if param.kind is ParameterKind.TEXT]


def _message(content: TextContent) -> dict[str, Any]:
    if content.media is None:
        return {"type": "text", "text": content.text, "previewUrl": False}
    return _free_media(content.media, caption=content.text)


def _media(kind: ParameterKind, url: str) -> dict[str, Any]:
    return {"type": kind.value, kind.value: {"link": url}}


def _free_media(media: Media, *, caption: str) -> dict[str, Any]:
    """A medium within the 24-hour window, which has other field names than in a template."""
    if media.kind is ParameterKind.DOCUMENT:
        document = {"type": "file", "url": media.url, "caption": caption}
        return document | ({"filename": media.filename} if media.filename else {})
    if media.kind is ParameterKind.IMAGE:
        image = {"type": "image", "originalUrl": media.url, "previewUrl": media.url}
        return image | {"caption": caption}
    return {"type": "video", "url": media.url, "caption": caption}


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- the answer ---------------------------------------------------------------------------------


def _refusal(response: HttpResponse, body: dict[str, Any]) -> Outcome:
    """The outcome of a refusal, which is a text; codes come later, with events."""
    if body.get("status") != "error":
        return by_status(response)
    if not isinstance(body.get("message"), str):
        return without_code(response, "")
    sentence = body["message"]
    rule = rule_for_sentence(sentence)
    if rule is None or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        outcome = unmapped(response, provider_code=f"http_{response.status}", message=sentence)
        # "error" means "refused", whatever the HTTP status of the answer.
        return replace(outcome, kind=OutcomeKind.PERMANENT) if succeeded(response) else outcome
    return rule.outcome(provider_code=f"http_{response.status}", retry_after=retry_after(response))
