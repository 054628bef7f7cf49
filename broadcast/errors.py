"""Refusals of broadcasts."""

from api.errors import Conflict, DomainError, InvalidInput


class BroadcastNotFound(DomainError):
    code = "not_found"
    status = 404


class NotEditable(Conflict):
    """Only a DRAFT or SCHEDULED broadcast that is not being planned may be changed."""

    code = "not_editable"


class IllegalMove(Conflict):
    """The broadcast's status does not allow this."""

    code = "illegal_move"


class AlreadyHandedOver(Conflict):
    """Something of it was handed to a provider: it is history and cannot be deleted."""

    code = "already_handed_over"


class IsAFurtherTry(Conflict):
    """A retry or a rung: without it, its parent's messages would go on once more."""

    code = "is_a_further_try"


class UnknownRecipients(InvalidInput):
    code = "unknown_recipients"


class NoRecipients(InvalidInput):
    code = "no_recipients"


class NoSender(InvalidInput):
    code = "no_sender"


class AmbiguousChoice(InvalidInput):
    """Several would do; the choices are in `data`."""

    code = "ambiguous"


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
    """What was estimated is not what would be sent now; `data` holds the difference."""

    code = "estimate_moved"


class NothingToRetry(Conflict):
    """No failed recipient is left; `data` says how many failed, and how many for good."""

    code = "nothing_to_retry"


class RetryTheParent(Conflict):
    """Retries are made from the broadcast that they retry, named in `data`."""

    code = "retry_the_parent"


class UnknownMessages(InvalidInput):
    code = "unknown_messages"


class ApprovalRequired(Conflict):
    """The tenant wants a second person's yes; `data` holds the figures and the thresholds."""

    code = "approval_required"


class OwnApproval(Conflict):
    """Who wrote or last changed a broadcast cannot approve it."""

    code = "own_approval"
