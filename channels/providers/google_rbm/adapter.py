"""Google's RCS Business Messaging. Google ignores a repeated messageId, so retries are safe.

A sender's `account_id` is its agent's id. Source:
developers.google.com/business-communications/rcs-business-messaging.
"""

from typing import Any
from urllib.parse import quote, urlencode

from channels.platforms import Platform
from channels.port.adapter import TokenGrant
from channels.port.capabilities import Capabilities
from channels.port.events import ReceiptStatus
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import (
    Button,
    ButtonKind,
    OutboundMessage,
    ParameterKind,
    SenderAccount,
    TextContent,
)
from channels.port.outcomes import Outcome, OutcomeKind
from channels.providers.error_rules import (
    ErrorRule,
    by_status,
    config,
    content,
    json_object,
    limited,
    recipient,
    retry_after,
    route,
    succeeded,
    unknown,
    unmapped,
)
from channels.providers.google_rbm.webhook import RbmWebhook
from channels.providers.json_values import text_in

VALID_FOR = 86_400
"""Seconds. Google revokes and reports a message that is not delivered by then."""
SHORTEST, LONGEST = 10, 15 * 86_400
"""Seconds. Google advises the minimum: if it revokes a message while delivering it, it may report
both."""

SAMPLE = "+12025550100"
"""A number reserved for fiction, used in the request that tests the credentials."""

# google.rpc status → rule
ERRORS: dict[str, ErrorRule] = {
    "INVALID_ARGUMENT": content("content_refused", "Google refused a part of the message."),
    "UNAUTHENTICATED": config("sender_unauthorized", "Google does not accept the access token."),
    # Google gives this answer if the agent is not launched for the recipient, who is no tester of
    # it. If the service account may not use the agent, the share of failures pauses the broadcast.
    "PERMISSION_DENIED": route("route_refused", "The agent may not write to this recipient."),
    "NOT_FOUND": recipient("recipient_unreachable", "The recipient cannot be reached by RCS."),
    "RESOURCE_EXHAUSTED": limited("rate_limited", "Google asks to slow down.", retry_after=5),
    # The guide says to retry with the same messageId; `idempotent` allows the engine to do so.
    "INTERNAL": unknown("provider_unavailable", "Google answered with a server error."),
    "UNAVAILABLE": unknown("provider_unavailable", "Google is temporarily unavailable."),
}

BY_HTTP_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
"""What an error means whose object names no status (google.rpc.Code gives the pairs)."""

NO_AGENT = config("sender_forbidden", "The service account may not use this agent.")
"""PERMISSION_DENIED in the answer to the check, which concerns no recipient."""


class GoogleRbm:
    """Texts and cards from an agent, with suggestions under them."""

    provider = "google_rbm"
    platforms = frozenset({Platform.RCS})
    default_base_url = "https://rcsbusinessmessaging.googleapis.com"
    credential_names: tuple[str, ...] = ("service_account",)
    account_scope: tuple[str, ...] = ()
    webhook_secret_names: tuple[str, ...] = ("client_token",)
    capabilities = Capabilities(
        # Google has no event for "sent".
        receipts=frozenset({ReceiptStatus.DELIVERED, ReceiptStatus.READ, ReceiptStatus.FAILED}),
        idempotent=True,
        media=frozenset({ParameterKind.IMAGE, ParameterKind.VIDEO, ParameterKind.DOCUMENT}),
        media_alone=frozenset({ParameterKind.DOCUMENT}),
        buttons=frozenset(ButtonKind),
        max_buttons=11,
    )
    webhook = RbmWebhook()
    token_grant = TokenGrant(
        key="service_account",
        scopes=("https://www.googleapis.com/auth/rcsbusinessmessaging",),
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address, no secret
    )

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        if not isinstance(message.content, TextContent):
            raise TypeError("RCS has no templates.")
        query = urlencode({"messageId": message.id, "agentId": account.account_id})
        return HttpRequest(
            method="POST",
            url=f"{account.base_url}/v1/phones/{quote(message.to, safe='+')}/agentMessages?{query}",
            headers=_authorization(account),
            json={"contentMessage": _content(message.content), "ttl": _ttl(message)},
        )

    def send_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        if _is_repeated(body):
            return Outcome(OutcomeKind.ACCEPTED)
        if not succeeded(response):
            return _refusal(response, body)
        match body:
            case {"name": str(name)} if "/agentMessages/" in name:
                return Outcome(OutcomeKind.ACCEPTED, provider_message_id=name.rpartition("/")[2])
        return by_status(response)

    def check_request(self, account: SenderAccount) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=f"{account.base_url}/v1/users:batchGet",
            headers=_authorization(account),
            json={"agentId": account.account_id, "users": [SAMPLE]},
        )

    def check_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        match body:
            case {"error": {"status": "PERMISSION_DENIED"}}:
                return NO_AGENT.outcome(provider_code="PERMISSION_DENIED")
        if not succeeded(response):
            return _refusal(response, body)
        if response.body.strip() == b"{}" or "reachableUsers" in body:
            # Google leaves out an empty list: the sample number has no RCS.
            return Outcome(OutcomeKind.ACCEPTED, message="Google knows the agent.")
        return by_status(response)


def _authorization(account: SenderAccount) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.credentials['access_token']}"}


# --- the body -----------------------------------------------------------------------------------


def _ttl(message: OutboundMessage) -> str:
    seconds = VALID_FOR if message.valid_for is None else message.valid_for
    return f"{min(max(seconds, SHORTEST), LONGEST)}s"


def _content(content: TextContent) -> dict[str, Any]:
    suggestions = [_suggestion(button) for button in content.buttons]
    return _message(content) | ({"suggestions": suggestions} if suggestions else {})


def _message(content: TextContent) -> dict[str, Any]:
    """A text, a card or a file; a card cannot hold a PDF."""
    if content.media is None:
        return {"text": content.text}
    if content.media.kind is ParameterKind.DOCUMENT:
        if content.text:
            raise ValueError("Google sends a document without a text.")
        return {"contentInfo": {"fileUrl": content.media.url}}
    media = {"height": "MEDIUM", "contentInfo": {"fileUrl": content.media.url}}
    card = {"media": media} | ({"description": content.text} if content.text else {})
    return {"richCard": {"standaloneCard": {"cardOrientation": "VERTICAL", "cardContent": card}}}


def _suggestion(button: Button) -> dict[str, Any]:
    if button.kind is ButtonKind.REPLY:
        return {"reply": {"text": button.text, "postbackData": button.value}}
    action = {
        ButtonKind.URL: {"openUrlAction": {"url": button.value}},
        ButtonKind.CALL: {"dialAction": {"phoneNumber": button.value}},
    }[button.kind]
    return {"action": {"text": button.text, "postbackData": button.text, **action}}


# --- the answer ---------------------------------------------------------------------------------


def _is_repeated(body: dict[str, Any]) -> bool:
    """Whether Google already has this message: ALREADY_EXISTS (google.rpc.Code).

    Google documents that it ignores a repeated id, but not with which answer. Our ids are used
    once, so the status can only refer to an earlier request of this message. Its receipts carry our
    id.
    """
    match body:
        case {"error": {"status": "ALREADY_EXISTS"}}:
            return True
    return False


def _refusal(response: HttpResponse, body: dict[str, Any]) -> Outcome:
    match body:
        case {"error": {**rest}}:
            status = text_in(rest.get("status")) or BY_HTTP_STATUS.get(response.status, "")
            if not status:
                return by_status(response)
            rule = ERRORS.get(status)
            if rule is None:
                text = str(rest.get("message", ""))
                return unmapped(response, provider_code=status[:64], message=text)
            return rule.outcome(provider_code=status, retry_after=retry_after(response))
    return by_status(response)
