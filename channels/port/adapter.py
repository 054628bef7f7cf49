"""What goes into a provider's adapter and what comes out: frozen values, no models."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from channels.platforms import Platform

# --- what is sent -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SenderAccount:
    """A sender as its adapter needs it. URLs have no trailing slash."""

    provider: str
    base_url: str
    account_id: str
    """The provider's id of the sender: Meta's phone_number_id; a bot's id."""
    credentials: Mapping[str, str] = field(repr=False)
    platform: Platform = Platform.WHATSAPP
    """Which one this sender is on, for providers of several."""
    address: str = field(default="", repr=False)
    """What recipients see: a number in E.164, an alphanumeric sender, a bot's name."""
    webhook_url: str = field(default="", repr=False)
    """Our public endpoint for this sender's receipts, where the request must name it."""


class ParameterKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value put into a template; `name` only where the template's parameters are named."""

    value: str
    name: str = ""
    kind: ParameterKind = ParameterKind.TEXT


@dataclass(frozen=True, slots=True)
class ButtonParameter:
    """The suffix of a URL button, or the code of a copy-code button; `index` counts from 0."""

    index: int
    value: str
    sub_type: str = "url"


class ButtonKind(StrEnum):
    URL = "url"
    REPLY = "reply"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Button:
    """Under a free text. `value`: the URL, the reply's payload, the number to call."""

    kind: ButtonKind
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a video or a document, by its public URL."""

    kind: ParameterKind
    url: str
    filename: str = ""


@dataclass(frozen=True, slots=True)
class TextContent:
    """Free text; the caption of `media` where there is one.

    `template_id` and `variables`: the registered text that it is an instance of (India's DLT), for
    providers that send by template alone.
    """

    text: str
    media: Media | None = None
    buttons: tuple[Button, ...] = ()
    template_id: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """One card of a template's carousel; its position is its index."""

    header: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    buttons: tuple[ButtonParameter, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateContent:
    name: str
    language: str
    header: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    buttons: tuple[ButtonParameter, ...] = ()
    cards: tuple[Card, ...] = ()
    provider_template_id: str = ""
    """The provider's own id of the template: Gupshup's template id, Twilio's ContentSid."""


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message for one recipient. `id` is ours and is echoed by providers that can."""

    id: UUID
    to: str = field(repr=False)
    """E.164 with its plus sign, or a Telegram chat id."""
    content: TextContent | TemplateContent = field(repr=False)
    valid_for: int | None = None
    """Seconds from now after which it is to be dropped undelivered; None: the provider's own."""


# --- what becomes of it -------------------------------------------------------------------------


class OutcomeKind(StrEnum):
    """What an attempt came to; the engine acts on nothing else."""

    ACCEPTED = "accepted"
    """The provider took it and will report on it."""
    PERMANENT = "permanent"
    """Refused for good."""
    PASSING = "passing"
    """Certainly not processed, for a cause that may pass: may be tried again."""
    LIMITED = "limited"
    """Certainly not processed because of a rate limit: later, without spending an attempt."""
    UNKNOWN = "unknown"
    """It may or may not have been processed: never sent again by itself."""


class LimitScope(StrEnum):
    """What a LIMITED outcome holds back."""

    SENDER = "sender"
    RECIPIENT = "recipient"


class FailureCause(StrEnum):
    """Whom a PERMANENT outcome is about."""

    NONE = ""
    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIG = "config"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value of one attempt.

    `code` is ours and stable (snake_case, listed in docs/error-codes.md), `provider_code` the
    provider's as text, `message` fit for a user. `retry_after` is in seconds, for PASSING and
    LIMITED.
    """

    kind: OutcomeKind
    provider_message_id: str = ""
    code: str = ""
    provider_code: str = ""
    message: str = ""
    retry_after: float | None = None
    limit_scope: LimitScope = LimitScope.SENDER
    cause: FailureCause = FailureCause.NONE


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as an adapter wants it made; at most one of `json`, `form` and `content`."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    """A file as it is; its type goes into the headers."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


# --- what the provider reports ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """What an endpoint checks its calls with (keys: the adapter's `webhook_secret_names`)."""

    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A provider's call to us, unparsed. Header names are lower-case.

    `url` is the whole public URL with its query, made from PUBLIC_URL and never from the Host
    header: some providers sign it.
    """

    method: str
    url: str = field(repr=False)
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class ReceiptStatus(StrEnum):
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt. `message_id` is ours where the provider echoes it."""

    status: ReceiptStatus
    at: datetime
    provider_message_id: str
    message_id: UUID | None = None
    code: str = ""
    provider_code: str = ""
    message: str = ""
    opted_out: bool = False
    alias: str = ""
    """Another id of the message, under which the provider may report on it alone later."""


@dataclass(frozen=True, slots=True)
class OptChange:
    """A recipient who opted out of messages, or back in; `account_id` says of which sender."""

    account_id: str
    address: str = field(repr=False)
    opted_out: bool
    marketing_only: bool
    at: datetime
    reason: str
    platform: Platform | None = None
    """Which one, where the provider serves several."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that a recipient wrote to us. `payload` is what follows Telegram's /start."""

    account_id: str
    address: str = field(repr=False)
    provider_message_id: str
    text: str = field(repr=False)
    at: datetime
    payload: str = field(default="", repr=False)
    in_reply_to: str = ""
    platform: Platform | None = None
    acknowledge: str = field(default="", repr=False)
    """What an AcknowledgingAdapter answers a pressed button with: the recipient's app waits."""


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """What became of a template at its provider; what is empty did not change."""

    business_account_id: str
    provider_template_id: str
    name: str
    language: str
    at: datetime
    status: str = ""
    """DRAFT aside, as templates_wa has them: channels.port.template_port.status_of."""
    reason: str = ""
    quality: str = ""
    category: str = ""


InboundEvent = Receipt | OptChange | Reply | TemplateChange


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message whose answer was lost, and between when its request can have reached the provider.

    The margin for clocks that differ is in it.
    """

    message: OutboundMessage
    since: datetime
    until: datetime


# --- the adapter itself -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the engine may rely on; intervals in seconds."""

    receipts: frozenset[ReceiptStatus]
    """Which statuses this provider ever reports after accepting; empty: SENT is final."""
    idempotent: bool = False
    """A repeated message id is ignored: a message whose fate is unknown may be sent again."""
    look_up: bool = False
    """It can be asked for a message whose answer was lost: it is a LookUpAdapter."""
    max_recipients: int = 1
    pair_interval: float = 0.0
    media: frozenset[ParameterKind] = frozenset()
    """What may go with a free text, by URL."""
    media_alone: frozenset[ParameterKind] = frozenset()
    """Which of them go without a text."""
    buttons: frozenset[ButtonKind] = frozenset()
    """What may stand under a free text, at most `max_buttons` of them."""
    max_buttons: int = 0
    carousels: bool = False
    """Templates may have cards."""
    max_reply_bytes: int | None = None
    """Of a reply button's value in UTF-8, where the provider names a limit."""
    url_schemes: tuple[str, ...] = ("https://", "http://")
    """What the value of a URL button may begin with."""
    needs_text_template: bool = False
    """A free text goes out by its registered template alone, filled with its variables."""
    reserved_variables: frozenset[str] = frozenset()
    """Names that these variables cannot have: they are fields of the provider's own."""


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

    def handshake(self, secrets: WebhookSecrets, call: WebhookCall) -> str | None:
        """The plain-text answer to a set-up call that proves itself; None if it does not."""
        ...

    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether this call was signed by the provider (constant time; no secret: False)."""
        ...

    def stored(self, call: WebhookCall) -> bytes:
        """What is kept of a verified call for `event_key` and `parse`: mostly its body alone."""
        ...

    def event_key(self, body: bytes) -> str:
        """The provider's own id of a stored call where it has one (Telegram's update_id), or ''."""
        ...

    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call.

        Raises ValueError where it is not as documented: PartlyRead where only parts of it are not.
        """
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
