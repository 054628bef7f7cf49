"""Named refusals of the broadcast app; api/errors.py has their base."""

from api.errors import Conflict, DomainError, InvalidInput


class BroadcastNotFound(DomainError):
    code = "not_found"
    status = 404


class NotEditable(Conflict):
    """Only a DRAFT or SCHEDULED broadcast may be changed, and not while it is being planned."""

    code = "not_editable"


class IllegalMove(Conflict):
    """The broadcast's status does not allow this."""

    code = "illegal_move"


class AlreadyHandedOver(Conflict):
    """A provider was given messages of this broadcast, so it cannot be deleted."""

    code = "already_handed_over"


class IsAFurtherTry(Conflict):
    """A retry or fallback cannot be deleted: its parent would send those messages again."""

    code = "is_a_further_try"


class UnknownRecipients(InvalidInput):
    code = "unknown_recipients"


class NoRecipients(InvalidInput):
    code = "no_recipients"


def nobody_to_send_to(*, has_audience: bool) -> NoRecipients:
    """The refusal of a broadcast without any recipient; `attr` names the field to fill."""
    return NoRecipients(
        "There is nobody to send to: give recipients, or an audience that somebody is in.",
        attr="audience" if has_audience else "recipients",
    )


class TemplateNotUsable(InvalidInput):
    code = "template_not_usable"


class ReferenceTaken(Conflict):
    code = "reference_taken"


class SendingDisabled(Conflict):
    """This installation is a copy: SENDING_ENABLED is false."""

    code = "sending_disabled"
    status = 503


class SenderBroken(Conflict):
    """The provider refuses the sender's configuration; `data` holds its reason."""

    code = "sender_broken"


class EstimateMoved(Conflict):
    """The broadcast would no longer come to its estimate; `data` holds the difference."""

    code = "estimate_moved"


class NothingToRetry(Conflict):
    """No failed recipient can be retried; `data` says how many failed, and how many for good."""

    code = "nothing_to_retry"


class RetryTheParent(Conflict):
    """A retry cannot be retried: retry its parent, which `data` names."""

    code = "retry_the_parent"


class UnknownMessages(InvalidInput):
    code = "unknown_messages"


class ApprovalRequired(Conflict):
    """The tenant requires a second person's approval; `data` holds figures and thresholds."""

    code = "approval_required"


class OwnApproval(Conflict):
    """The authors and the last editor of a broadcast cannot approve it."""

    code = "own_approval"
