"""A contact's do-not-contact flag, stored as suppressions of its addresses."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields import CharField
from django.db.models.functions import Cast

from api.errors import Conflict
from contacts.models import Contact, Suppression, SuppressionScope, SuppressionSource
from contacts.opting.suppressions import lift, suppress


class NoAddress(Conflict):
    """The contact has no address, so there is nothing to suppress."""

    code = "no_address"


def with_do_not_contact(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    """Adds `do_not_contact`: true if an address is suppressed everywhere, for all messages."""
    suppressions = Suppression.objects.filter(
        Q(address=OuterRef("phone"))
        | Q(address=Cast(OuterRef("telegram_chat_id"), CharField()))
        | Q(address=OuterRef("whatsapp_user_id")),
        tenant_id=OuterRef("tenant_id"),
        platform="",
        scope=SuppressionScope.ALL,
    )
    return contacts.annotate(do_not_contact=Exists(suppressions))


@transaction.atomic
def set_do_not_contact(*, contact: Contact, value: bool, reason: str, now: datetime) -> None:
    """Suppress every address of a contact on all platforms, or lift this. Raises NoAddress."""
    addresses = contact.addresses
    if not addresses:
        raise NoAddress("This contact has no phone, no Telegram chat and no WhatsApp user id.")
    for address in addresses:
        if value:
            suppress(
                tenant_id=contact.tenant_id,
                platform="",
                address=address,
                scope=SuppressionScope.ALL,
                source=SuppressionSource.USER,
                reason=reason,
                now=now,
            )
        else:
            lift(tenant_id=contact.tenant_id, platform="", address=address, now=now)
