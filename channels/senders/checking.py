"""Checks with the provider if a sender works, and stores the result on the sender."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.delivery.delivery import check_credentials
from channels.models import Sender
from channels.port.outcomes import OutcomeKind
from channels.senders.proving import prove
from postgres.text import storable
from tenants.models import Tenant

CHECK_TIMEOUT = 10.0
"""Seconds. A user waits for the answer, and a repeated check does no harm."""
TAKEN = {
    "code": "account_taken",
    "message": "The credentials work, but another active sender uses this account. Deactivate that "
    "sender first.",
}
"""The result if another sender has proven the account: only who passes a check learns of it."""


@dataclass(frozen=True, slots=True)
class SenderCheck:
    """The result. `code` is our code, "" if the sender works; `message` is a text for users."""

    works: bool
    code: str
    message: str
    checked_at: datetime


def check_sender(*, tenant: Tenant, sender_id: UUID, now: datetime) -> SenderCheck:
    """Check with the provider, without sending a message.

    Success clears `broken_at`, and makes the account the sender's unless another sender has proven
    it already.

    Raises Sender.DoesNotExist. Must not run in a transaction: it waits for the network.
    """
    sender = Sender.objects.for_tenant(tenant).select_related("app").get(pk=sender_id)
    outcome = check_credentials(account=sender.account(), timeout=CHECK_TIMEOUT)
    works = outcome.kind is OutcomeKind.ACCEPTED
    message = storable(outcome.message)
    checked = SenderCheck(works, "" if works else outcome.code, message, now)
    if works and not prove(sender=sender, now=now, timeout=CHECK_TIMEOUT):
        works, checked = False, SenderCheck(works=False, **TAKEN, checked_at=now)
    result = checked.message if works else f"{checked.code}: {checked.message}"
    cleared = {"broken_at": None, "broken_reason": "", "worked_at": now} if works else {}
    Sender.objects.filter(pk=sender.pk).update(
        checked_at=now, check_result=result[:500], updated_at=now, **cleared
    )
    return checked
