"""What a provider tells by webhook: receipts, opt-outs, replies, changes of templates."""

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
