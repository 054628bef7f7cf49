"""Switches senders on and off, and keeps one default sender per platform."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from api.errors import Conflict
from channels.models import Sender
from channels.senders.proving import UNPROVEN
from tenants.models import Tenant


class AccountTaken(Conflict):
    """Another active sender of the tenant uses this account: a receipt could belong to either."""

    code = "account_taken"


@contextmanager
def one_sender_an_account() -> Iterator[None]:
    """Turns violations of the unique keys into domain errors, also if two requests race.

    Raises AccountTaken, Conflict.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        text = str(error)
        if "sender_account_once" in text:
            raise AccountTaken(
                "Another active sender of yours uses this account of the provider.",
                attr="account_id",
            ) from error
        if "sender_one_default_per_platform" in text:
            raise Conflict(
                "Another sender was made the default at the same moment.", attr="is_default"
            ) from error
        raise


def make_room_for_default(*, tenant: Tenant, platform: str, but: UUID | None) -> None:
    """Make every other sender of this platform (except `but`) no default any more."""
    others = Sender.objects.for_tenant(tenant).filter(platform=platform, is_default=True)
    if but is not None:
        others = others.exclude(pk=but)
    others.update(is_default=False)


def deactivate(*, sender: Sender, now: datetime) -> None:
    """Stop using the sender for new broadcasts; a broadcast that is already sending continues.

    Its account becomes free: after an activation, a new check must prove it.
    """
    Sender.objects.filter(pk=sender.pk, is_active=True).update(
        is_active=False, is_default=False, updated_at=now, **UNPROVEN
    )


def activate(*, sender: Sender, now: datetime) -> None:
    """Use the sender again. Raises AccountTaken."""
    with one_sender_an_account():
        Sender.objects.filter(pk=sender.pk, is_active=False).update(is_active=True, updated_at=now)
