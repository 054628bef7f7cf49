"""Twilio's Message resource: SMS and MMS, WhatsApp and RCS.

A sender's `account_id` is Twilio's name of the sender: a number (`+14155550100`), a Messaging
Service (`MG…`), `whatsapp:+14155550100` or `rcs:agent`. The account's SID is a credential.

Source: twilio.com/docs/messaging/api/message-resource; twilio-oai's OpenAPI description.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.events import HandedOver, Receipt, ReceiptStatus
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import (
    OutboundMessage,
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
from channels.providers.json_values import code_in
from channels.providers.twilio import look_up
from channels.providers.twilio.errors import failed_at_once, rule_for
from channels.providers.twilio.webhook import TwilioWebhook, callback_url

VERSION = "2010-04-01"

SHORTEST, LONGEST = 1, 36_000
"""Seconds in Twilio's queue; the longest value is also Twilio's default."""


class Twilio:
    """Texts, with media if the recipient's network allows them, and templates."""

    provider = "twilio"
    platforms = frozenset({Platform.SMS, Platform.WHATSAPP, Platform.RCS})
    default_base_url = "https://api.twilio.com"
    credential_names: tuple[str, ...] = ("account_sid", "auth_token")
    account_scope: tuple[str, ...] = ("account_sid",)
    webhook_secret_names: tuple[str, ...] = ("auth_token",)
    capabilities = Capabilities(
        user_ids=True,
        receipts=frozenset(ReceiptStatus),
        look_up=True,
        media=frozenset({ParameterKind.IMAGE, ParameterKind.VIDEO, ParameterKind.DOCUMENT}),
    )
    token_grant = None
    webhook = TwilioWebhook()

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{_account(account)}/Messages.json",
            headers=_authorization(account),
            form=self._form(account, message),
        )

    def _form(self, account: SenderAccount, message: OutboundMessage) -> dict[str, str]:
        return {
            "To": _address(account.platform, message.to),
            **_sender(account),
            **_content(message.content),
            **_validity(message),
            **_callback(account, message),
        }

    def send_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        if not succeeded(response):
            return _refusal(response, body)
        match body:
            case {"sid": str(sid)} if sid and _has_failed(body):
                code, text = body.get("error_code"), str(body.get("error_message") or "")
                return failed_at_once(sid, str(code or ""), text)
            case {"sid": str(sid)} if sid:
                # The id proves that Twilio took the message, whatever the word for it is.
                return Outcome(OutcomeKind.ACCEPTED, provider_message_id=sid)
        return by_status(response)

    def check_request(self, account: SenderAccount) -> HttpRequest:
        return HttpRequest(
            method="GET",
            url=f"{_account(account)}/Messages.json?PageSize=1",
            headers=_authorization(account),
        )

    def check_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        if not succeeded(response):
            return _refusal(response, body)
        match body:
            case {"messages": list(), "uri": str()}:
                return Outcome(OutcomeKind.ACCEPTED, message="Twilio knows the account.")
        return by_status(response)

    def look_up_request(self, account: SenderAccount, asked: HandedOver) -> HttpRequest | None:
        query = look_up.query(self._form(account, asked.message), since=asked.since)
        if query is None:
            return None
        return HttpRequest(
            method="GET",
            url=f"{_account(account)}/Messages.json?{query}",
            headers=_authorization(account),
        )

    def look_up_receipts(
        self, account: SenderAccount, asked: HandedOver, response: HttpResponse
    ) -> Sequence[Receipt]:
        if not succeeded(response):
            return ()
        form = self._form(account, asked.message)
        return look_up.receipts(json_object(response.body), form, asked)


def _account(account: SenderAccount) -> str:
    sid = quote(account.credentials["account_sid"], safe="")
    return f"{account.base_url}/{VERSION}/Accounts/{sid}"


def _authorization(account: SenderAccount) -> dict[str, str]:
    pair = f"{account.credentials['account_sid']}:{account.credentials['auth_token']}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


# --- the form -----------------------------------------------------------------------------------

PREFIXES = {Platform.SMS: "", Platform.WHATSAPP: "whatsapp:", Platform.RCS: "rcs:"}


def _address(platform: Platform, address: str) -> str:
    return f"{PREFIXES[platform]}{address.removeprefix(PREFIXES[platform])}"


def _sender(account: SenderAccount) -> dict[str, str]:
    if account.account_id.startswith("MG"):
        return {"MessagingServiceSid": account.account_id}
    return {"From": _address(account.platform, account.account_id)}


def _content(content: TextContent | TemplateContent) -> dict[str, str]:
    if isinstance(content, TemplateContent):
        return _template(content.provider_template_id, _variables(content))
    if content.template_id:
        return _template(content.template_id, dict(content.variables))
    if content.buttons:
        raise ValueError("Twilio has buttons in its content templates only.")
    body = {"Body": content.text} if content.text else {}
    return body | ({"MediaUrl": content.media.url} if content.media else {})


def _template(content_sid: str, variables: dict[str, str]) -> dict[str, str]:
    if not content_sid:
        raise ValueError("The template has no ContentSid.")
    form = {"ContentSid": content_sid}
    return form | ({"ContentVariables": _compact(variables)} if variables else {})


def _variables(content: TemplateContent) -> dict[str, str]:
    """Twilio numbers all variables of a template in one sequence; ours are body, header, buttons.

    A named variable keeps its name.
    """
    parameters = [*content.body, *content.header]
    values = [(parameter.name, parameter.value) for parameter in parameters]
    values += [("", button.value) for button in content.buttons]
    return {name or str(number): value for number, (name, value) in enumerate(values, start=1)}


def _compact(variables: dict[str, str]) -> str:
    return json.dumps(variables, ensure_ascii=False, separators=(",", ":"))


def _validity(message: OutboundMessage) -> dict[str, str]:
    if message.valid_for is None:
        return {}
    return {"ValidityPeriod": str(min(max(message.valid_for, SHORTEST), LONGEST))}


def _callback(account: SenderAccount, message: OutboundMessage) -> dict[str, str]:
    """The URL for receipts of this message; its query carries our id back."""
    if not account.webhook_url:
        return {}
    return {"StatusCallback": callback_url(account.webhook_url, message.id)}


# --- the answer ---------------------------------------------------------------------------------


def _has_failed(body: dict[str, Any]) -> bool:
    status = body.get("status")
    if isinstance(status, str):
        return status in {"failed", "undelivered", "canceled"}
    return bool(body.get("error_code"))


def _refusal(response: HttpResponse, body: dict[str, Any]) -> Outcome:
    match body:
        case {"code": given, **rest} if (code := code_in(given)) is not None:
            rule = rule_for(code)
            if rule is None:
                text = str(rest.get("message", ""))
                return unmapped(response, provider_code=str(code), message=text)
            return rule.outcome(provider_code=str(code), retry_after=retry_after(response))
        case {"message": str(text)}:
            return without_code(response, text)
    return by_status(response)
