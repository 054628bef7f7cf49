"""Sends through a provider's adapter to the sandbox, and parses the sandbox's webhook calls."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

from channels.delivery.delivery import deliver
from channels.port.adapter import Adapter
from channels.port.events import InboundEvent, Receipt
from channels.port.http_calls import WebhookCall
from channels.port.messages import (
    OutboundMessage,
    Parameter,
    SenderAccount,
    TemplateContent,
    TextContent,
)
from channels.port.outcomes import Outcome
from tests.channels.providers.samples import account, service_account
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver, until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HELLO = TextContent("Hello")
TEMPLATE = TemplateContent(
    "sale", "en", body=(Parameter("Ana"),), provider_template_id="c6aecef6-bcb0-4fb1-8100"
)


def sender_of(provider: str, client: Client, receiver: Receiver) -> SenderAccount:
    """An account whose provider is the sandbox and whose callbacks go to the receiver."""
    sender = replace(account(provider, base_url=client.base_url), webhook_url=receiver.url)
    if provider == "google_rbm":
        return replace(sender, credentials={"service_account": service_account_key()})
    return sender


@cache
def service_account_key() -> str:
    """One key for all tests, because making a key takes long."""
    return service_account()


def send(
    sender: SenderAccount,
    to: str,
    content: TextContent | TemplateContent = HELLO,
    *,
    message_id: UUID | None = None,
    valid_for: int | None = None,
) -> Outcome:
    message = OutboundMessage(id=message_id or uuid4(), to=to, content=content, valid_for=valid_for)
    ((_, outcome),) = next(
        iter(deliver(account=sender, messages=[message], timeout=3, first_cut=3))
    )
    return outcome


def until_acknowledged(client: Client, receipts: int) -> None:
    """Waits until the webhook has acknowledged this many receipts in all."""
    until(lambda: client.get("summary")["receipts"]["acknowledged"] == receipts)


def calls(receiver: Receiver) -> list[WebhookCall]:
    """The calls that the receiver got, as the web server passes them to an adapter."""
    root = receiver.url.removesuffix("/hook")
    return [
        WebhookCall(
            method="POST",
            url=root + headers[":path"],
            query=dict(parse_qsl(urlsplit(headers[":path"]).query)),
            headers=headers,
            body=body,
        )
        for headers, body in receiver.calls
    ]


def events(adapter: Adapter, call: WebhookCall) -> list[InboundEvent]:
    return list(adapter.webhook.parse(adapter.webhook.to_store(call), received_at=NOW))


def receipts(adapter: Adapter, calls: Iterable[WebhookCall]) -> list[Receipt]:
    """All receipts in the calls; asserts that the calls hold nothing else."""
    parsed = [event for call in calls for event in events(adapter, call)]
    receipts = [event for event in parsed if isinstance(event, Receipt)]
    assert len(receipts) == len(parsed)
    return receipts
