"""Decides what becomes of a message whose answer was lost: by default it is never sent again.

SETTLE (settling.py) applies the rule to answers, the sweep (sweeping.py) to batches whose worker is
gone. followup/resolving.py carries out a user's decision, followup/looking_up.py asks the provider.
"""

from broadcast.models import Broadcast
from broadcast.states import MessageStatus, UnknownPolicy
from channels.models import Sender
from channels.providers.registry import adapter_for


def unknown_becomes(broadcast: Broadcast) -> str:
    """The status that the broadcast's policy gives to messages of unknown fate."""
    return {
        UnknownPolicy.HOLD: MessageStatus.UNKNOWN,
        UnknownPolicy.FAIL: MessageStatus.FAILED,
        UnknownPolicy.RESEND: MessageStatus.PENDING,
    }[UnknownPolicy(broadcast.unknown_policy)].value


def ignores_repeats(sender: Sender | None) -> bool:
    """Whether the sender's provider ignores a message id that it has seen before."""
    return sender is not None and adapter_for(sender.provider).capabilities.idempotent


def status_of_swept(broadcast: Broadcast, *, handed: bool, cancelled: bool) -> str:
    """The status of a swept batch's messages; `handed`: its fence was shut before the sweep."""
    if not handed:
        return (MessageStatus.CANCELLED if cancelled else MessageStatus.PENDING).value
    if not cancelled and ignores_repeats(broadcast.sender):
        return MessageStatus.PENDING.value
    status = unknown_becomes(broadcast)
    # No message of a cancelled broadcast is sent again; its fate is still unknown.
    if cancelled and status == MessageStatus.PENDING:
        return MessageStatus.UNKNOWN.value
    return status


def status_of_exhausted(broadcast: Broadcast) -> str:
    """The status of a message whose last attempt ended without an answer.

    The policies RESEND and FAIL ask for no decision: FAILED, as if the answer itself had been lost.
    The policy HOLD, where only the provider's deduplication allowed another attempt: UNKNOWN, until
    a receipt or a decision comes.
    """
    if unknown_becomes(broadcast) == MessageStatus.UNKNOWN:
        return MessageStatus.UNKNOWN.value
    return MessageStatus.FAILED.value
