"""The outcome of handing a message to a provider, and its reason."""

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """The result of an attempt: it decides whether the message is sent again."""

    ACCEPTED = "accepted"
    """The provider took the message and will report on it."""
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
    """The cause of a failure; broadcast/engine/safeguards.py pauses by it."""

    NONE = ""
    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIG = "config"
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
