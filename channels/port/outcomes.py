"""The outcome of handing a message to a provider, and its reason."""

from dataclasses import dataclass, field
from enum import StrEnum


class OutcomeKind(StrEnum):
    """The result of an attempt: it decides whether the message is sent again."""

    ACCEPTED = "accepted"
    """The provider took the message and will report on it."""
    WAITING = "waiting"
    """The provider took the message and holds it back: a receipt says what becomes of it. The
    message is never sent again."""
    PERMANENT = "permanent"
    """Refused for good: never retried."""
    PASSING = "passing"
    """Certainly not processed, for a temporary cause: may be retried."""
    LIMITED = "limited"
    """Certainly not processed because of a rate limit: retried later, with no attempt used up."""
    UNKNOWN = "unknown"
    """Possibly processed: never retried automatically."""


class LimitScope(StrEnum):
    """What a LIMITED outcome delays: the whole sender or one recipient's messages."""

    SENDER = "sender"
    RECIPIENT = "recipient"


class FailureCause(StrEnum):
    """What a failure is about; its consequences follow from it (docs/error-codes.md).

    An answer and a receipt with the same code have the same cause.
    """

    NONE = ""
    """The provider's code is in no table."""
    RECIPIENT = "recipient"
    """This recipient, whoever the sender is."""
    ROUTE = "route"
    """This sender to this destination: other senders, or other destinations, may work."""
    CONTENT = "content"
    CONFIG = "config"
    """The account, the sender or the template: nothing can be sent until a person repairs it."""
    CAPPED = "capped"
    """The platform limits marketing to this person: neither the list's fault nor the sender's."""
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one attempt.

    `code` is our stable code (snake_case, listed in docs/error-codes.md), `provider_code` the
    provider's code as text, `message` a text for users. `retry_after` is in seconds, for PASSING
    and LIMITED.
    """

    kind: OutcomeKind
    provider_message_id: str = ""
    code: str = ""
    provider_code: str = ""
    message: str = ""
    retry_after: float | None = None
    limit_scope: LimitScope = LimitScope.SENDER
    cause: FailureCause = FailureCause.NONE
    moved_to: str = field(default="", repr=False)
    """The recipient's new address, if the provider names one; a PASSING message then goes there."""
