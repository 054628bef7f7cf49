"""Vonage's SMS API.

We use the classic API, not the Messages API: it reports for every part whether it was taken, with a
documented status, and its receipts carry the networks' error codes (9 is an opt-out). A sender's
`account_id` is its number without the plus sign, or its alphanumeric name.

Source: developer.vonage.com/en/api/sms and …/messaging/sms/guides.
"""

import base64
from dataclasses import replace
from typing import Any

from smsutil import is_valid_gsm

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.events import ReceiptStatus
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import OutboundMessage, SenderAccount, TextContent
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.error_rules import (
    by_status,
    json_object,
    least_certain,
    retry_after,
    succeeded,
    unmapped,
)
from channels.providers.json_values import code_text_in
from channels.providers.vonage.errors import STATUSES
from channels.providers.vonage.webhook import VonageWebhook

TAKEN = "0"

LONGEST_CALLBACK = 100
"""Characters. A longer URL is left out; receipts then go to the account's webhook."""

SHORTEST, LONGEST = 20, 604_800
"""Seconds that Vonage accepts. Its default is three days; networks may give up sooner."""


class Vonage:
    """Texts, sent in as many parts as they need."""

    provider = "vonage"
    platforms = frozenset({Platform.SMS})
    default_base_url = "https://rest.nexmo.com"
    credential_names: tuple[str, ...] = ("api_key", "api_secret")
    account_scope: tuple[str, ...] = ("api_key",)
    webhook_secret_names: tuple[str, ...] = ("signature_secret",)
    capabilities = Capabilities(
        receipts=frozenset({ReceiptStatus.SENT, ReceiptStatus.DELIVERED, ReceiptStatus.FAILED})
    )
    token_grant = None
    webhook = VonageWebhook()

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        if not isinstance(message.content, TextContent):
            raise TypeError("An SMS has no WhatsApp template.")
        if message.content.media or message.content.buttons:
            raise ValueError("An SMS holds text only.")
        text, template_id = message.content.text, message.content.template_id
        return HttpRequest(
            method="POST",
            url=f"{account.base_url}/sms/json",
            headers=_authorization(account),
            form={
                "to": message.to.removeprefix("+"),
                "from": account.account_id.removeprefix("+"),
                "text": text,
                "type": "text" if is_valid_gsm(text) else "unicode",
                **_callback(account),
                **_ttl(message),
                **_registration(account, template_id),
                "client-ref": str(message.id),
            },
        )

    def send_outcome(self, response: HttpResponse) -> Outcome:
        """Refusals have HTTP status 200 too, so the parts decide."""
        match json_object(response.body):
            case {"messages": [*parts]} if parts and all(map(_is_part, parts)):
                return _of_parts(response, parts)
        return by_status(response)

    def check_request(self, account: SenderAccount) -> HttpRequest:
        return HttpRequest(
            method="GET",
            url=f"{account.base_url}/account/get-balance",
            headers=_authorization(account),
        )

    def check_outcome(self, response: HttpResponse) -> Outcome:
        match json_object(response.body):
            case {"value": int() | float() as value} if succeeded(response):
                return Outcome(OutcomeKind.ACCEPTED, message=f"Vonage: balance {value:.2f}")
        return by_status(response)


def _callback(account: SenderAccount) -> dict[str, str]:
    url = account.webhook_url
    return {"callback": url} if 0 < len(url) <= LONGEST_CALLBACK else {}


def _ttl(message: OutboundMessage) -> dict[str, str]:
    """The validity in milliseconds."""
    if message.valid_for is None:
        return {}
    return {"ttl": str(min(max(message.valid_for, SHORTEST), LONGEST) * 1000)}


def _registration(account: SenderAccount, template_id: str) -> dict[str, str]:
    """For India's DLT: the registered template, and the business if the sender names it."""
    if not template_id:
        return {}
    entity = account.credentials.get("entity_id", "")
    return {"content-id": template_id} | ({"entity-id": entity} if entity else {})


def _authorization(account: SenderAccount) -> dict[str, str]:
    pair = f"{account.credentials['api_key']}:{account.credentials['api_secret']}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


# --- the answer: one entry a part ---------------------------------------------------------------


def _is_part(part: Any) -> bool:
    return isinstance(part, dict) and bool(_status(part))


def _status(part: dict[str, Any]) -> str:
    """The status as a text; '' if there is none."""
    return code_text_in(part.get("status"))


def _of_parts(response: HttpResponse, parts: list[dict[str, Any]]) -> Outcome:
    """The message's outcome: its id is the first part's id.

    If Vonage took some parts and refused others, the outcome is UNKNOWN: neither a success nor
    something to retry. The parts' order decides nothing.
    """
    taken = [part for part in parts if _status(part) == TAKEN]
    refusals = [_refusal(response, part) for part in parts if _status(part) != TAKEN]
    part_id = next((str(part["message-id"]) for part in taken if part.get("message-id")), "")
    if not taken:
        return least_certain(refusals)
    if refusals:
        provider_code = least_certain(refusals).provider_code
        return replace(_PARTLY, provider_message_id=part_id, provider_code=provider_code)
    if not part_id:
        return by_status(response)
    return Outcome(OutcomeKind.ACCEPTED, provider_message_id=part_id)


_PARTLY = Outcome(
    OutcomeKind.UNKNOWN,
    code="partly_accepted",
    message="Vonage took some parts of the message and refused others.",
)


def _refusal(response: HttpResponse, part: dict[str, Any]) -> Outcome:
    status = _status(part)
    rule = STATUSES.get(status)
    if rule is None:
        # Any other number means "not taken", also an undocumented one.
        outcome = unmapped(response, provider_code=status, message=str(part.get("error-text", "")))
        return replace(outcome, kind=OutcomeKind.PERMANENT) if succeeded(response) else outcome
    return rule.outcome(provider_code=status, retry_after=retry_after(response))
