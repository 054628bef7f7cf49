"""Google's RCS Business Messaging. A repeated messageId is ignored, so a lost answer may be resent.

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
    succeeded,
    unknown,
    unmapped,
)
from channels.providers.google_rbm.webhook import RbmWebhook

VALID_FOR = 86_400
"""Seconds. What is not delivered by then is revoked, and reported: it would be stale news."""
SHORTEST, LONGEST = 10, 15 * 86_400
"""Google has no least, but advises it: revoking what is about to arrive may report both."""

SAMPLE = "+12025550100"
"""A number set aside for fiction, to ask about when only the credentials are in question."""

# google.rpc's status → what it means for a message
ERRORS: dict[str, ErrorRule] = {
    "INVALID_ARGUMENT": content("content_refused", "Google refused a part of the message."),
    "UNAUTHENTICATED": config("sender_unauthorized", "Google does not accept the access token."),
    "PERMISSION_DENIED": config("sender_forbidden", "The service account may not use this agent."),
    "NOT_FOUND": recipient("recipient_unreachable", "The recipient cannot be reached by RCS."),
    "RESOURCE_EXHAUSTED": limited("rate_limited", "Google asks to slow down.", retry_after=5),
    # To be sent again with the same messageId, says the guide: the engine may, by `idempotent`.
    "INTERNAL": unknown("provider_unavailable", "Google answered with a server error."),
    "UNAVAILABLE": unknown("provider_unavailable", "Google is temporarily unavailable."),
}


class GoogleRbm:
    """Texts and cards from an agent, with suggestions under them."""

    provider = "google_rbm"
    platforms = frozenset({Platform.RCS})
    default_base_url = "https://rcsbusinessmessaging.googleapis.com"
    credential_names: tuple[str, ...] = ("service_account",)
    webhook_secret_names: tuple[str, ...] = ("client_token",)
    capabilities = Capabilities(
        # There is no event for "sent".
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
            raise TypeError("RCS knows no templates.")
        query = urlencode({"messageId": message.id, "agentId": account.account_id})
        return HttpRequest(
            method="POST",
            url=f"{account.base_url}/v1/phones/{quote(message.to, safe='+')}/agentMessages?{query}",
            headers=_authorization(account),
            json={"contentMessage": _content(message.content), "ttl": _ttl(message)},
        )

    def send_outcome(self, response: HttpResponse) -> Outcome:
        body = json_object(response.body)
        if _was_taken_before(body):
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
        if not succeeded(response):
            return _refusal(response, body)
        if response.body.strip() == b"{}" or "reachableUsers" in body:
            # Google leaves out what is empty: nobody of the sample has RCS.
            return Outcome(OutcomeKind.ACCEPTED, message="Google knows the agent.")
        return by_status(response)


def _authorization(account: SenderAccount) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.credentials['access_token']}"}


# --- the body -----------------------------------------------------------------------------------


def _ttl(message: OutboundMessage) -> str:
    seconds = VALID_FOR if message.valid_for is None else message.valid_for
    return f"{min(max(seconds, SHORTEST), LONGEST)}s"


def _content(said: TextContent) -> dict[str, Any]:
    suggestions = [_suggestion(button) for button in said.buttons]
    return _message(said) | ({"suggestions": suggestions} if suggestions else {})


def _message(said: TextContent) -> dict[str, Any]:
    """A message is one of a text, a card or a file: a PDF has no place in a card."""
    if said.media is None:
        return {"text": said.text}
    if said.media.kind is ParameterKind.DOCUMENT:
        if said.text:
            raise ValueError("Google sends a document without a text.")
        return {"contentInfo": {"fileUrl": said.media.url}}
    media = {"height": "MEDIUM", "contentInfo": {"fileUrl": said.media.url}}
    card = {"media": media} | ({"description": said.text} if said.text else {})
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


def _was_taken_before(body: dict[str, Any]) -> bool:
    """Google documents that it ignores an id that it has seen, and nowhere with which answer.

    ALREADY_EXISTS (google.rpc.Code) can mean nothing else here: ids are ours and used once, so it
    is an earlier request of this very message. Its receipts carry our id.
    """
    match body:
        case {"error": {"status": "ALREADY_EXISTS"}}:
            return True
    return False


def _refusal(response: HttpResponse, body: dict[str, Any]) -> Outcome:
    match body:
        case {"error": {"status": str(status), **rest}}:
            rule = ERRORS.get(status)
            if rule is None:
                text = str(rest.get("message", ""))
                return unmapped(response, provider_code=status[:64], message=text)
            return rule.outcome(provider_code=status, retry_after=retry_after(response))
    return by_status(response)
