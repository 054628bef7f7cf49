"""What a provider reports by webhook: receipts, opt-outs, replies, changes of templates."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from channels.platforms import Platform
from channels.port.messages import OutboundMessage
from channels.port.outcomes import FailureCause


class ReceiptStatus(StrEnum):
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt. `message_id` is our id, if the provider echoes it.

    SENT is every proof that the provider took the message, also while it queues the message.
    `error_rules.receipt_of` makes the receipt of a failure, so that the provider's error table
    decides its consequences.
    """

    status: ReceiptStatus
    at: datetime
    provider_message_id: str
    message_id: UUID | None = None
    code: str = ""
    provider_code: str = ""
    message: str = ""
    opted_out: bool = False
    alias: str = ""
    """Another id of the message: later receipts may carry only this id."""
    cause: FailureCause = FailureCause.NONE
    """What a failure is about, from the provider's error table."""
    holds_sender_for: float = 0.0
    """Seconds from `at` for which the provider's limit holds the sender."""


@dataclass(frozen=True, slots=True)
class OptChange:
    """A recipient opted out of a sender's messages, or back in; `account_id` is the sender's."""

    account_id: str
    address: str = field(repr=False)
    opted_out: bool
    marketing_only: bool
    at: datetime
    reason: str
    platform: Platform | None = None
    """Set if the provider serves several platforms."""


class ReplyKind(StrEnum):
    """What a recipient sent. The values are stored: at most 12 characters."""

    TEXT = "text"
    BUTTON = "button"
    LIST = "list"
    FORM = "form"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    ORDER = "order"
    CALL = "call"
    REVOKED = "revoked"
    """The recipient took back the message that `in_reply_to` names."""
    UNKNOWN = "unknown"
    """A kind that the reader does not know: kept, and reported as NotUnderstood too."""


TYPED = frozenset(
    {
        ReplyKind.TEXT,
        ReplyKind.IMAGE,
        ReplyKind.VIDEO,
        ReplyKind.AUDIO,
        ReplyKind.VOICE,
        ReplyKind.DOCUMENT,
        ReplyKind.ORDER,
        ReplyKind.UNKNOWN,
    }
)
"""Kinds whose text the recipient typed: a message or a caption. It may be a word like STOP."""
CHOSEN = frozenset({ReplyKind.BUTTON, ReplyKind.LIST})
"""Kinds whose text and payload the tenant wrote: the recipient chose an option."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from a recipient, of any kind.

    `text` is what the recipient wrote (a message, a caption), the title of a chosen option, a
    form's answers, or the words that describe a place or a contact; '' if there is none. `payload`
    is a chosen option's value or what follows /start.
    """

    account_id: str
    address: str = field(repr=False)
    """The writer's number, else the writer's user id or chat id."""
    provider_message_id: str
    text: str = field(repr=False)
    at: datetime
    payload: str = field(default="", repr=False)
    in_reply_to: str = ""
    platform: Platform | None = None
    acknowledge: str = field(default="", repr=False)
    """The token with which an AcknowledgingAdapter answers a pressed button; '' if none waits."""
    kind: ReplyKind = ReplyKind.TEXT
    group_id: str = ""
    """The group in which it was written; '' for a private message."""


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A change of a template at its provider; empty fields did not change."""

    business_account_id: str
    provider_template_id: str
    name: str
    language: str
    at: datetime
    status: str = ""
    """The provider's word for what happened, a key of channels.port.template_port.EVENTS."""
    reason: str = ""
    quality: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class SamePerson:
    """Addresses of one person that one call named together, such as a number and a user id.

    A number is E.164 with its plus sign; a WhatsApp user id is as the provider sends it, for
    example `US.13491208655302741918`.
    """

    account_id: str
    addresses: tuple[str, ...] = field(repr=False)
    at: datetime
    platform: Platform | None = None
    """Set if the provider serves several platforms."""


@dataclass(frozen=True, slots=True)
class AddressMoved:
    """A person has another address from now on: a changed number, a chat with a new id."""

    account_id: str
    old: str = field(repr=False)
    new: str = field(repr=False)
    at: datetime
    platform: Platform | None = None
    """Set if the provider serves several platforms."""


class Part(StrEnum):
    """The parts of a webhook call whose values readers look up in a table."""

    CALL = "call"
    """The call's own type, or a change's field."""
    STATUS = "status"
    MESSAGE = "message"
    PREFERENCE = "preference"
    TEMPLATE = "template"
    CHANNEL = "channel"
    ERROR = "error"
    """An error that the provider reports outside of any message."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A part of a call with a value that its reader does not know. It changes nothing.

    The call's event is PARTLY applied: it is counted, can be seen in the admin, and replayed.
    `value` is a word of the provider's enumeration, never a recipient's words or address.
    """

    part: Part
    value: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.part}: {self.value[:60]}"


InboundEvent = (
    Receipt | OptChange | Reply | TemplateChange | SamePerson | AddressMoved | NotUnderstood
)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message whose answer was lost, and the time span in which its request can have arrived.

    The span includes a margin for clocks that differ.
    """

    message: OutboundMessage
    since: datetime
    until: datetime
