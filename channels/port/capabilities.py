"""What a provider can do, for the engine and for the checks of content."""

from dataclasses import dataclass

from channels.port.events import ReceiptStatus
from channels.port.messages import ButtonKind, ParameterKind


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One provider's capabilities and limits; intervals are in seconds."""

    receipts: frozenset[ReceiptStatus]
    """The statuses that this provider reports after accepting. If empty, SENT is final."""
    idempotent: bool = False
    """The provider ignores a repeated message id, so a message with an unknown outcome may be
    retried."""
    look_up: bool = False
    """A message whose answer was lost can be looked up: the adapter is a LookUpAdapter."""
    max_recipients: int = 1
    """Per request; if more than 1, the adapter is a GroupAdapter."""
    pair_interval: float = 0.0
    """Between two messages to one recipient."""
    user_ids: bool = False
    """Messages may be addressed to a WhatsApp user id instead of a number."""
    media: frozenset[ParameterKind] = frozenset()
    """The media that a free text may carry, by URL."""
    media_alone: frozenset[ParameterKind] = frozenset()
    """Those of `media` that are sent without a text."""
    buttons: frozenset[ButtonKind] = frozenset()
    """The buttons that a free text may carry, at most `max_buttons`."""
    max_buttons: int = 0
    carousels: bool = False
    """Templates may have cards."""
    max_reply_bytes: int | None = None
    """Limit of a reply button's value in UTF-8; None if the provider names none."""
    url_schemes: tuple[str, ...] = ("https://", "http://")
    """How a URL button's value may begin."""
    needs_text_template: bool = False
    """A free text is sent by its registered template only, filled with variables."""
    reserved_variables: frozenset[str] = frozenset()
    """Names that such variables cannot have, because they are the provider's own fields."""
