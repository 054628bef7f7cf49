"""What a provider reports by webhook: receipts, opt-outs, replies, changes of templates."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from channels.platforms import Platform
from channels.port.messages import OutboundMessage


class ReceiptStatus(StrEnum):
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt. `message_id` is our id, if the provider echoes it."""

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


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from a recipient. `payload` is a pressed button's value or what follows /start."""

    account_id: str
    address: str = field(repr=False)
    provider_message_id: str
    text: str = field(repr=False)
    at: datetime
    payload: str = field(default="", repr=False)
    in_reply_to: str = ""
    platform: Platform | None = None
    acknowledge: str = field(default="", repr=False)
    """The token with which an AcknowledgingAdapter answers a pressed button;  if none waits."""


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A change of a template at its provider; empty fields did not change."""

    business_account_id: str
    provider_template_id: str
    name: str
    language: str
    at: datetime
    status: str = ""
    """A status of templates_wa (never DRAFT), from channels.port.template_port.status_of."""
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


InboundEvent = Receipt | OptChange | Reply | TemplateChange | SamePerson | AddressMoved


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message whose answer was lost, and the time span in which its request can have arrived.

    The span includes a margin for clocks that differ.
    """

    message: OutboundMessage
    since: datetime
    until: datetime
