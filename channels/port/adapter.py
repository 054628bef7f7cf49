"""What a provider's adapter can do: pure functions on the frozen values that stand beside."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from channels.platforms import Platform
from channels.port.capabilities import Capabilities
from channels.port.events import HandedOver, Receipt
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import OutboundMessage, SenderAccount
from channels.port.outcomes import Outcome
from channels.port.webhook_reader import WebhookReader


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """How a bearer token is had for the service account in `credentials[key]` (RFC 7523).

    The token endpoint is the provider's own; for a sender with another base URL it is
    `{base_url}{path}`. The account's JSON never names it: a tenant writes that JSON.
    """

    key: str
    scopes: tuple[str, ...]
    token_url: str
    path: str = "/token"


class Adapter(Protocol):
    """One provider: requests, answers, webhooks. Pure functions; no I/O happens here."""

    provider: str
    platforms: frozenset[Platform]
    default_base_url: str
    credential_names: tuple[str, ...]
    """The keys that a sender's `credentials` must hold."""
    webhook_secret_names: tuple[str, ...]
    """The keys that a provider app's `secrets` must hold."""
    capabilities: Capabilities

    @property
    def webhook(self) -> WebhookReader:
        """Reads the provider's calls to us."""
        ...

    @property
    def token_grant(self) -> TokenGrant | None:
        """Where requests need a token that is fetched first: `credentials["access_token"]`."""
        ...

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        """The request that sends this message."""
        ...

    def send_outcome(self, response: HttpResponse) -> Outcome:
        """What the provider's answer to it means."""
        ...

    def check_request(self, account: SenderAccount) -> HttpRequest:
        """A request that proves the credentials without sending anything."""
        ...

    def check_outcome(self, response: HttpResponse) -> Outcome:
        """ACCEPTED with a description in `message`, or why the credentials do not work."""
        ...


@runtime_checkable
class GroupAdapter(Adapter, Protocol):
    """One whose `capabilities.max_recipients` is more than 1: many messages in one request."""

    def group_key(self, message: OutboundMessage) -> Hashable:
        """Messages with the same key may share a request."""
        ...

    def group_request(
        self, account: SenderAccount, messages: Sequence[OutboundMessage]
    ) -> HttpRequest:
        """The request that sends all of these, at most `max_recipients` with one key."""
        ...

    def group_outcomes(
        self, response: HttpResponse, messages: Sequence[OutboundMessage]
    ) -> Sequence[Outcome]:
        """What the answer means for each of them, in their order."""
        ...


@runtime_checkable
class NamedAccountAdapter(Adapter, Protocol):
    """One whose credentials say which account they are for."""

    def account_of(self, credentials: Mapping[str, str]) -> str:
        """The `account_id` that a sender with these has; empty where they are malformed."""
        ...


@runtime_checkable
class AcknowledgingAdapter(Adapter, Protocol):
    """One whose recipients' apps wait for a word after a button was pressed."""

    def acknowledge_request(self, account: SenderAccount, token: str) -> HttpRequest:
        """The request that ends the waiting; `token` is a reply's `acknowledge`."""
        ...


@runtime_checkable
class LookUpAdapter(Adapter, Protocol):
    """One whose `capabilities.look_up` is set: it can be asked what became of a message."""

    def look_up_request(self, account: SenderAccount, asked: HandedOver) -> HttpRequest | None:
        """The question; None for a message that could not be told from others."""
        ...

    def look_up_receipts(
        self, account: SenderAccount, asked: HandedOver, response: HttpResponse
    ) -> Sequence[Receipt]:
        """Of each of the provider's messages that can be this one, what became of it.

        Empty also where the answer does not show all that there is. Nothing found proves nothing.
        """
        ...
