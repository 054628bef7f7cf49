"""The interface of webhook readers, which verify, store and parse a provider's calls to us."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from channels.port.events import InboundEvent
from channels.port.http_calls import WebhookCall, WebhookSecrets


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """Our HTTP answer to a provider's call; by default an empty 200.

    A text may reach a person: Twilio sends the body of an answer to the writer of a message.
    """

    status: int = 200
    content_type: str = ""
    body: bytes = b""


class WebhookReader(ABC):
    """Reads one provider's calls to us. Pure functions; no I/O happens here."""

    answer = WebhookAnswer()
    """The answer to a call that was stored."""

    def refusal(self, status: int) -> WebhookAnswer:
        """The answer to a call that was refused, with this HTTP status; by default without text."""
        return WebhookAnswer(status)

    def handshake(self, secrets: WebhookSecrets, call: WebhookCall) -> str | None:
        """The plain-text answer to a genuine set-up call; None for every other call."""
        return None

    @abstractmethod
    def verify(self, secrets: WebhookSecrets, call: WebhookCall) -> bool:
        """Whether the provider signed this call (constant time); False if no secret is set."""

    def to_store(self, call: WebhookCall) -> bytes:
        """What to store of a verified call for `event_key` and `parse`; by default its body."""
        return call.body

    def event_key(self, body: bytes) -> str:
        """The provider's own id of a stored call (Telegram's update_id); '' if it has none."""
        return ""

    @abstractmethod
    def parse(self, body: bytes, *, received_at: datetime) -> Sequence[InboundEvent]:
        """The events in a stored call.

        Raises ValueError if the call is not as the provider documents it, and PartlyRead if that is
        true of parts of it.
        """
