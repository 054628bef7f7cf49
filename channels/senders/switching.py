"""Which senders are in use, and which one a platform takes where none is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from api.errors import Conflict
from channels.models import Sender
from tenants.models import Tenant


class AccountTaken(Conflict):
    """Another active sender has this account of the provider: its receipts would be its own."""

    code = "account_taken"


@contextmanager
def one_sender_an_account() -> Iterator[None]:
    """Says in words what the database's unique keys refuse, also when two requests race."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        text = str(error)
        if "sender_account_once" in text:
            raise AccountTaken(
                "This account of the provider is in use by an active sender.", attr="account_id"
            ) from error
        if "sender_one_default_per_platform" in text:
            raise Conflict(
                "Another sender was made the default at the same moment.", attr="is_default"
            ) from error
        raise


def make_room_for_default(*, tenant: Tenant, platform: str, but: UUID | None) -> None:
    """No other sender of this platform is the default any more."""
    others = Sender.objects.for_tenant(tenant).filter(platform=platform, is_default=True)
    if but is not None:
        others = others.exclude(pk=but)
    others.update(is_default=False)


def deactivate(*, sender: Sender, now: datetime) -> None:
    """No new broadcast can be sent from it; one that is already sending goes on."""
    Sender.objects.filter(pk=sender.pk, is_active=True).update(
        is_active=False, is_default=False, updated_at=now
    )


def activate(*, sender: Sender, now: datetime) -> None:
    """In use again. Raises AccountTaken."""
    with one_sender_an_account():
        Sender.objects.filter(pk=sender.pk, is_active=False).update(is_active=True, updated_at=now)
