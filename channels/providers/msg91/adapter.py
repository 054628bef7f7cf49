"""MSG91's flow API: one request for many recipients, by a registered template (India's DLT).

A sender's `account_id` is its sender id (header). MSG91 sends the template's own text, filled with
the recipient's variables; the broadcast's text only informs people and serves to count segments.

Source: docs.msg91.com (SMS, Send SMS by flow); reports: msg91.com/help; our id in them:
msg91.com/help/text-sms/custom-metadata-parameters-for-tracking-sms-requests.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.events import ReceiptStatus
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import OutboundMessage, SenderAccount, TextContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.error_rules import by_status, json_object, retry_after, succeeded, unmapped
from channels.providers.json_values import code_text_in
from channels.providers.msg91.errors import rule_for
from channels.providers.msg91.webhook import OUR_ID, Msg91Webhook, message_id
from channels.providers.url_token import URL_TOKEN

MOBILES = "mobiles"
RESERVED = frozenset({MOBILES, OUR_ID, "UUID"})
"""Fields of MSG91 in the same object as the variables, so no variable may have these names."""


class Msg91:
    """Texts by template, up to fifty recipients per request."""

    provider = "msg91"
    platforms = frozenset({Platform.SMS})
    default_base_url = "https://control.msg91.com"
    credential_names: tuple[str, ...] = ("authkey",)
    account_scope: tuple[str, ...] = ("authkey",)
    webhook_secret_names: tuple[str, ...] = (URL_TOKEN,)
    capabilities = Capabilities(
        receipts=frozenset({ReceiptStatus.DELIVERED, ReceiptStatus.FAILED}),
        # A batch's default size. After a lost answer all of their outcomes are unknown.
        max_recipients=50,
        needs_text_template=True,
        reserved_variables=RESERVED,
    )
    token_grant = None
    webhook = Msg91Webhook()

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        return self.group_request(account, [message])

    def send_outcome(self, response: HttpResponse) -> Outcome:
        """ACCEPTED carries the request's id; `group_outcomes` adds the recipient's number to it."""
        body = json_object(response.body)
        match body:
            case {"type": "success", "message": str() | int() as request_id} if code_text_in(
                request_id
            ):
                if succeeded(response):
                    return Outcome(OutcomeKind.ACCEPTED, provider_message_id=str(request_id))
            case {"type": "error"} | {"status": "fail" | "error"} | {"hasError": True}:
                return _refusal(response, body)
        return by_status(response)

    def group_key(self, message: OutboundMessage) -> Hashable:
        return message.content.template_id if isinstance(message.content, TextContent) else None

    def group_request(
        self, account: SenderAccount, messages: Sequence[OutboundMessage]
    ) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{account.base_url}/api/v5/flow",
            headers={"authkey": account.credentials["authkey"]},
            json={
                "template_id": _template_id(messages[0]),
                "sender": account.account_id,
                # Our links are tracked already, so MSG91 must not shorten them.
                "short_url": "0",
                "recipients": [_recipient(message) for message in messages],
            },
        )

    def group_outcomes(
        self, response: HttpResponse, messages: Sequence[OutboundMessage]
    ) -> Sequence[Outcome]:
        outcome = self.send_outcome(response)
        if outcome.kind is not OutcomeKind.ACCEPTED:
            return [outcome] * len(messages)
        return [
            replace(
                outcome,
                provider_message_id=message_id(outcome.provider_message_id, _digits(message)),
            )
            for message in messages
        ]

    def check_request(self, account: SenderAccount) -> HttpRequest:
        query = urlencode({"authkey": account.credentials["authkey"], "type": "4"})
        return HttpRequest(method="GET", url=f"{account.base_url}/api/balance.php?{query}")

    def check_outcome(self, response: HttpResponse) -> Outcome:
        """The answer is a bare number, or an error with a code."""
        text = response.body.decode(errors="replace").strip()
        if succeeded(response) and text.replace(".", "", 1).isdecimal():
            return Outcome(OutcomeKind.ACCEPTED, message=f"MSG91: balance {text}")
        body = json_object(response.body)
        if isinstance(body.get("msg"), str | int) and body.get("msgType") == "error":
            return _refusal(response, {"code": str(body["msg"])})
        if body.get("type") == "error" or body.get("status") == "fail":
            return _refusal(response, body)
        return by_status(response)


# --- the body -----------------------------------------------------------------------------------


def _template_id(message: OutboundMessage) -> str:
    if not isinstance(message.content, TextContent) or not message.content.template_id:
        raise ValueError("MSG91 sends registered templates only.")
    return message.content.template_id


def _recipient(message: OutboundMessage) -> dict[str, str]:
    """The recipient's variables, by their names in the template (##name##)."""
    _template_id(message)
    variables = message.content.variables if isinstance(message.content, TextContent) else {}
    if RESERVED & variables.keys():
        raise ValueError("A variable cannot be called like a field of MSG91's.")
    return {MOBILES: _digits(message), OUR_ID: str(message.id), **variables}


def _digits(message: OutboundMessage) -> str:
    return message.to.removeprefix("+")


# --- the answer ---------------------------------------------------------------------------------


def _refusal(response: HttpResponse, body: dict[str, Any]) -> Outcome:
    code = code_text_in(body.get("code") or body.get("apiError"))
    sentence = str(body.get("message") or body.get("errors") or "")
    rule = rule_for(code, sentence)
    if rule is not None:
        provider_code = code or f"http_{response.status}"
        return rule.outcome(provider_code=provider_code, retry_after=retry_after(response))
    outcome = unmapped(response, provider_code=code or "error", message=sentence)
    # "error" means "refused", whatever the HTTP status of the answer.
    return replace(outcome, kind=OutcomeKind.PERMANENT) if succeeded(response) else outcome
