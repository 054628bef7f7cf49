"""What an adapter sends: a sender's account and a message with its content."""

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
    """The sender's platform, for providers that serve several."""
    address: str = field(default="", repr=False)
    """The sender as recipients see it: a number in E.164, an alphanumeric name, a bot's name."""
    webhook_url: str = field(default="", repr=False)
    """Our public endpoint for this sender's receipts; '' if the sender has no app."""


class ParameterKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value for a template; `name` is set if the template's parameters are named."""

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
    """A button under a free text. `value`: the URL, the reply's payload or the number to call."""

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
    """Free text, or the caption of `media`.

    `template_id` and `variables` name the registered template that the text was made from (India's
    DLT), for providers that send registered templates only.
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
    """A template's name and language, with the values of its parameters."""

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
    """One message for one recipient. `id` is our id, which some providers echo in receipts."""

    id: UUID
    to: str = field(repr=False)
    """E.164 with its plus sign, or a Telegram chat id."""
    content: TextContent | TemplateContent = field(repr=False)
    valid_for: int | None = None
    """Seconds from now after which the provider drops the message; None: the provider's default."""
