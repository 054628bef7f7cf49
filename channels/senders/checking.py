"""Whether a sender works, as its provider says; what was found is kept on the sender."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.delivery.delivery import check_credentials
from channels.models import Sender
from channels.port.outcomes import OutcomeKind
from postgres.text import storable
from tenants.models import Tenant

CHECK_TIMEOUT = 10.0
"""Seconds. Somebody is waiting for the answer, and nothing is lost by asking again."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`code` is ours ("" where all is well); `message` is fit for a user."""

    works: bool
    code: str
    message: str
    checked_at: datetime


def check_sender(*, tenant: Tenant, sender_id: UUID, now: datetime) -> Checked:
    """Ask the provider; nothing is sent. A good answer ends what had been found broken.

    Raises Sender.DoesNotExist. Must not run in a transaction: it waits for the network.
    """
    sender = Sender.objects.for_tenant(tenant).select_related("app").get(pk=sender_id)
    outcome = check_credentials(account=sender.account(), timeout=CHECK_TIMEOUT)
    works = outcome.kind is OutcomeKind.ACCEPTED
    message = storable(outcome.message)
    found = Checked(works, "" if works else outcome.code, message, now)
    said = found.message if works else f"{found.code}: {found.message}"
    mended = {"broken_at": None, "broken_reason": ""} if works else {}
    Sender.objects.filter(pk=sender.pk).update(
        checked_at=now, check_result=said[:500], updated_at=now, **mended
    )
    return found
