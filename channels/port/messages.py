"""What an adapter is given to send: a sender's account and a message with its content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from channels.platforms import Platform


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
