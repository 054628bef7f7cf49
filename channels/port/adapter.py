"""The interface of providers' adapters: pure functions on the frozen values of this package."""

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
    """How to get a bearer token for the service account in `credentials[key]` (RFC 7523).

    The token endpoint is `token_url`, or `{base_url}{path}` for a sender with its own base URL. The
    service account's JSON never chooses the endpoint, because a tenant writes that JSON.
    """

    key: str
    scopes: tuple[str, ...]
    token_url: str
    path: str = "/token"


class Adapter(Protocol):
    """Builds one provider's requests and reads its answers. Pure functions; no I/O happens here."""

    provider: str
    platforms: frozenset[Platform]
    default_base_url: str
    credential_names: tuple[str, ...]
    """The keys that a sender's `credentials` must hold."""
    account_scope: tuple[str, ...]
    """The credentials that name the provider's customer, if a check proves only these; else ()."""
    webhook_secret_names: tuple[str, ...]
    """The keys that a provider app's `secrets` must hold."""
    capabilities: Capabilities

    @property
    def webhook(self) -> WebhookReader:
        """Reads the provider's calls to us."""
        ...

    @property
    def token_grant(self) -> TokenGrant | None:
        """Set if requests need a token, fetched beforehand into `credentials["access_token"]`."""
        ...

    def send_request(self, account: SenderAccount, message: OutboundMessage) -> HttpRequest:
        """The request that sends this message."""
        ...

    def send_outcome(self, response: HttpResponse) -> Outcome:
        """What the provider's answer to `send_request` means."""
        ...

    def check_request(self, account: SenderAccount) -> HttpRequest:
        """A request that tests the credentials without sending a message."""
        ...

    def check_outcome(self, response: HttpResponse) -> Outcome:
        """ACCEPTED with a description of the account in `message`, or why the credentials fail."""
        ...


@runtime_checkable
class GroupAdapter(Adapter, Protocol):
    """An adapter that sends many messages in one request: `capabilities.max_recipients` > 1."""

    def group_key(self, message: OutboundMessage) -> Hashable:
        """Messages with the same key may share a request."""
        ...

    def group_request(
        self, account: SenderAccount, messages: Sequence[OutboundMessage]
    ) -> HttpRequest:
        """The request that sends these messages: at most `max_recipients`, all with one key."""
        ...

    def group_outcomes(
        self, response: HttpResponse, messages: Sequence[OutboundMessage]
    ) -> Sequence[Outcome]:
        """What the answer means for each message, in the messages' order."""
        ...


@runtime_checkable
class NamedAccountAdapter(Adapter, Protocol):
    """An adapter whose credentials name their account."""

    def account_of(self, credentials: Mapping[str, str]) -> str:
        """The `account_id` of a sender with these credentials; empty if they are malformed."""
        ...


@runtime_checkable
class AcknowledgingAdapter(Adapter, Protocol):
    """An adapter whose recipients' apps wait for an answer after a button was pressed."""

    def acknowledge_request(self, account: SenderAccount, token: str) -> HttpRequest:
        """The request that answers the press; `token` is the reply's `acknowledge`."""
        ...


@runtime_checkable
class LookUpAdapter(Adapter, Protocol):
    """An adapter that can look up a message at its provider: `capabilities.look_up` is set."""

    def look_up_request(self, account: SenderAccount, asked: HandedOver) -> HttpRequest | None:
        """The look-up; None for a message that cannot be distinguished from others."""
        ...

    def look_up_receipts(
        self, account: SenderAccount, asked: HandedOver, response: HttpResponse
    ) -> Sequence[Receipt]:
        """A receipt for each of the provider's messages that can be this message.

        Also empty if the answer shows only a part of the list. An empty result proves nothing.
        """
        ...
