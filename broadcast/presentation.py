"""How broadcasts and messages are shown to people: status names and funnel figures."""

from collections.abc import Mapping

from broadcast.models import Broadcast, BroadcastMessage
from broadcast.states import MessageCode, MessageStatus
from channels.models import Sender
from channels.platforms import Platform
from channels.port.events import ReceiptStatus
from channels.providers.registry import adapter_for

MESSAGE_UI_STATUS: Mapping[MessageStatus, str] = {
    MessageStatus.PENDING: "Waiting",
    MessageStatus.SENDING: "Sending",
    MessageStatus.ON_HOLD: "Held by the provider",
    MessageStatus.SENT: "Awaiting receipt",
    MessageStatus.DELIVERED: "Delivered",
    MessageStatus.READ: "Read",
    MessageStatus.FAILED: "Failed",
    MessageStatus.UNKNOWN: "Not known",
    MessageStatus.SUPPRESSED: "Not sent",
    MessageStatus.CANCELLED: "Cancelled",
    MessageStatus.EXPIRED: "Expired",
}
SUPPRESSED_UI_STATUS = {
    MessageCode.OPTED_OUT.value: "Opted out",
    MessageCode.NO_ADDRESS.value: "No address",
    MessageCode.DUPLICATE.value: "Duplicate",
    MessageCode.MISSING_VARIABLE.value: "Missing variable",
    MessageCode.TEXT_TOO_LONG.value: "Text too long",
}
NOT_REPORTED = "Sent (receipts not reported)"


def reports(sender: Sender | None) -> frozenset[ReceiptStatus]:
    """The receipt statuses that the sender's provider reports."""
    if sender is None:
        return frozenset()
    reported = adapter_for(sender.provider).capabilities.receipts
    return reported - {ReceiptStatus.READ} if sender.platform == Platform.SMS else reported


def message_ui_status(message: BroadcastMessage) -> str:
    status = MessageStatus(message.status)
    if status == MessageStatus.SENT and not reports(message.broadcast.sender):
        return NOT_REPORTED
    if status == MessageStatus.SUPPRESSED:
        return SUPPRESSED_UI_STATUS.get(message.error_code, MESSAGE_UI_STATUS[status])
    return MESSAGE_UI_STATUS[status]


def funnel(broadcast: Broadcast) -> dict[str, int | None]:
    """Cumulative: handed over ⊇ delivered ⊇ read; None for a status that is never reported."""
    counters, reported = broadcast.counters, reports(broadcast.sender)
    delivered = counters.delivered + counters.read
    return {
        "handed_over": counters.handed_over,
        "delivered": delivered if ReceiptStatus.DELIVERED in reported else None,
        "read": counters.read if ReceiptStatus.READ in reported else None,
    }


def rate(part: int | None, whole: int) -> float | None:
    """A share between 0 and 1; None if the part is not reported or the whole is 0."""
    return None if part is None or whole == 0 else round(part / whole, 4)
