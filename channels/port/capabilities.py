"""What a provider can do."""

from dataclasses import dataclass

from channels.port.events import ReceiptStatus
from channels.port.messages import ButtonKind, ParameterKind


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
