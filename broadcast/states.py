"""The states of a broadcast, of a message and of a message's money, and the moves between them."""

from collections.abc import Mapping

from django.db import models


class BroadcastStatus(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    SCHEDULED = "SCHEDULED", "Scheduled"
    QUEUED = "QUEUED", "Queued"
    SENDING = "SENDING", "Sending"
    SENT = "SENT", "Sent"
    PARTIALLY_SENT = "PARTIALLY_SENT", "Partially sent"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"


B = BroadcastStatus

BROADCAST_MOVES: Mapping[BroadcastStatus, frozenset[BroadcastStatus]] = {
    B.DRAFT: frozenset({B.SCHEDULED, B.QUEUED, B.CANCELLED}),
    B.SCHEDULED: frozenset({B.DRAFT, B.QUEUED, B.FAILED, B.CANCELLED}),
    B.QUEUED: frozenset({B.SENDING, B.FAILED, B.CANCELLED}),
    B.SENDING: frozenset({B.SENT, B.PARTIALLY_SENT, B.FAILED, B.CANCELLED}),
    B.SENT: frozenset({B.PARTIALLY_SENT, B.FAILED}),
    B.PARTIALLY_SENT: frozenset({B.SENT, B.FAILED}),
    B.FAILED: frozenset({B.SENT, B.PARTIALLY_SENT}),
    B.CANCELLED: frozenset(),
}

EDITABLE = frozenset({B.DRAFT, B.SCHEDULED})
FINISHED = frozenset({B.SENT, B.PARTIALLY_SENT, B.FAILED})

BROADCAST_UI_STATUS: Mapping[BroadcastStatus, str] = {
    B.DRAFT: "Draft",
    B.SCHEDULED: "Scheduled",
    B.QUEUED: "Ongoing",
    B.SENDING: "Ongoing",
    B.SENT: "Completed",
    B.PARTIALLY_SENT: "Completed",
    B.FAILED: "Failed",
    B.CANCELLED: "Cancelled",
}


class MessageStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    SENDING = "SENDING", "Sending"
    ON_HOLD = "ON_HOLD", "Held by the provider"
    SENT = "SENT", "Sent"
    DELIVERED = "DELIVERED", "Delivered"
    READ = "READ", "Read"
    FAILED = "FAILED", "Failed"
    UNKNOWN = "UNKNOWN", "Unknown"
    SUPPRESSED = "SUPPRESSED", "Suppressed"
    CANCELLED = "CANCELLED", "Cancelled"
    EXPIRED = "EXPIRED", "Expired"


M = MessageStatus

COUNTED = tuple(status.lower() for status in M.values)
"""The counters' columns: one for each status of a message."""

MESSAGE_MOVES: Mapping[MessageStatus, frozenset[MessageStatus]] = {
    # To ON_HOLD, SENT and higher: by a receipt, or the late answer, of an earlier hand-over whose
    # answer was lost.
    M.PENDING: frozenset(
        {M.SENDING, M.ON_HOLD, M.SENT, M.DELIVERED, M.READ, M.SUPPRESSED, M.CANCELLED, M.EXPIRED}
    ),
    M.SENDING: frozenset(
        {M.PENDING, M.ON_HOLD, M.SENT, M.DELIVERED, M.READ, M.FAILED, M.UNKNOWN, M.CANCELLED}
    ),
    M.UNKNOWN: frozenset({M.PENDING, M.ON_HOLD, M.SENT, M.DELIVERED, M.READ, M.FAILED}),
    # Never back to PENDING: the provider has the message.
    M.ON_HOLD: frozenset({M.SENT, M.DELIVERED, M.READ, M.FAILED}),
    M.SENT: frozenset({M.DELIVERED, M.READ, M.FAILED}),
    M.FAILED: frozenset({M.DELIVERED, M.READ}),
    M.DELIVERED: frozenset({M.READ}),
    M.READ: frozenset(),
    # By the same receipts, if the message ended while it waited to be sent again.
    M.SUPPRESSED: frozenset({M.ON_HOLD, M.SENT, M.DELIVERED, M.READ}),
    M.CANCELLED: frozenset({M.ON_HOLD, M.SENT, M.DELIVERED, M.READ}),
    M.EXPIRED: frozenset({M.ON_HOLD, M.SENT, M.DELIVERED, M.READ}),
}

RECEIPT_RANK: Mapping[MessageStatus, int] = {M.SENT: 1, M.FAILED: 2, M.DELIVERED: 3, M.READ: 4}
"""The highest status that was ever reported wins, so receipts in any order end the same."""

ACCEPTED = frozenset({M.SENT, M.DELIVERED, M.READ})


class ChargeState(models.TextChoices):
    """The state of a message's money. RELEASED and REFUNDED are final."""

    NONE = "", "None"
    HELD = "HELD", "Held"
    CAPTURED = "CAPTURED", "Captured"
    RELEASED = "RELEASED", "Released"
    REFUNDED = "REFUNDED", "Refunded"


class UnknownPolicy(models.TextChoices):
    """What happens to a message of unknown fate if no receipt and no user resolves it."""

    HOLD = "HOLD", "Wait for a receipt or a decision"
    RESEND = "RESEND", "Send again, perhaps twice"
    FAIL = "FAIL", "Count as failed"


class BroadcastKind(models.TextChoices):
    ORIGINAL = "ORIGINAL", "Original"
    RETRY = "RETRY", "Retry of failed messages"
    FALLBACK = "FALLBACK", "Fallback to another platform"


class MessageCode(models.TextChoices):
    """Our stable codes for the reason of a message's status; providers' error maps add theirs."""

    OPTED_OUT = "opted_out", "Opted out"
    NO_ADDRESS = "no_address", "No address on this platform"
    ADDRESS_CHANGED = "address_changed", "Address changed after planning"
    CONTACT_GONE = "contact_gone", "Contact was deleted"
    DUPLICATE = "duplicate", "Same address as another recipient"
    MISSING_VARIABLE = "missing_variable", "A variable has no value"
    TEXT_TOO_LONG = "text_too_long", "Too long once its variables are filled in"
    NOT_ALLOWED = "send_only_to", "Outside SEND_ONLY_TO"
    CANCELLED = "cancelled", "Broadcast was cancelled"
    EXPIRED = "expired", "Not handed over in time"
    RETRIES_EXHAUSTED = "retries_exhausted", "Given up after the last retry"
    GIVEN_UP = "given_up", "Counted as failed by a decision or by the policy"
    RESENT = "resent", "Sent again by a child broadcast"
    NO_ANSWER = "no_answer", "The provider's answer was lost"
    HOLD_EXPIRED = "hold_expired", "The provider held it and never reported on it"
