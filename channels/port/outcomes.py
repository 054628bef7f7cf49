"""What became of a hand-over: accepted, refused, passing, limited or unknown, and why."""

from dataclasses import dataclass
from enum import StrEnum


class OutcomeKind(StrEnum):
    """What an attempt came to; the engine acts on nothing else."""

    ACCEPTED = "accepted"
    """The provider took it and will report on it."""
    PERMANENT = "permanent"
    """Refused for good."""
    PASSING = "passing"
    """Certainly not processed, for a cause that may pass: may be tried again."""
    LIMITED = "limited"
    """Certainly not processed because of a rate limit: later, without spending an attempt."""
    UNKNOWN = "unknown"
    """It may or may not have been processed: never sent again by itself."""


class LimitScope(StrEnum):
    """What a LIMITED outcome holds back."""

    SENDER = "sender"
    RECIPIENT = "recipient"


class FailureCause(StrEnum):
    """Whom a PERMANENT outcome is about."""

    NONE = ""
    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIG = "config"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The value of one attempt.

    `code` is ours and stable (snake_case, listed in docs/error-codes.md), `provider_code` the
    provider's as text, `message` fit for a user. `retry_after` is in seconds, for PASSING and
    LIMITED.
    """

    kind: OutcomeKind
    provider_message_id: str = ""
    code: str = ""
    provider_code: str = ""
    message: str = ""
    retry_after: float | None = None
    limit_scope: LimitScope = LimitScope.SENDER
    cause: FailureCause = FailureCause.NONE
