"""Whose is an account at a provider? It belongs to the sender whose credentials passed a check.

Anybody can write another's account id beside made-up credentials, so an unproven sender keeps
nobody out. The unique key `sender_account_once` counts proven senders only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from channels.delivery.delivery import check_credentials
from channels.models import Sender
from channels.port.outcomes import FailureCause, OutcomeKind
from channels.providers.registry import adapter_for

UNPROVEN: Mapping[str, Any] = {"proven_at": None, "proven_scope": ""}
NAMES_THE_ACCOUNT = frozenset({"credentials", "account_id", "base_url"})
"""A check proves these together; if one of them changes, the proof ends."""


def end_proof_if_changed(sender: Sender, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that end the sender's proof if the changes need a new one; else none."""
    changed = any(
        name in changes and changes[name] != getattr(sender, name) for name in NAMES_THE_ACCOUNT
    )
    return dict(UNPROVEN) if changed else {}


def prove(*, sender: Sender, now: datetime, timeout: float) -> bool:
    """Record that a check of this sender passed; False if its account is another's already.

    The account goes from a holder whose own credentials no longer pass. Must not run in a
    transaction: it may ask the provider about the holder's credentials.
    """
    scope = scope_of(sender)
    holder = _holder(sender, scope)
    if holder is not None:
        if not _has_lapsed(holder, timeout=timeout):
            return False
        Sender.objects.filter(pk=holder.pk, proven_at=holder.proven_at).update(**UNPROVEN)
    try:
        return _record(sender, scope, now=now)
    except IntegrityError:  # another sender proved the account at the same moment
        return False


def scope_of(sender: Sender) -> str:
    """A digest of the credentials that name the provider's customer; empty if none is needed.

    At some providers, a check proves the customer (Twilio's `account_sid`) and not `account_id`,
    and two customers may each have a sender "INFO". At others it proves `account_id` itself.
    """
    names = adapter_for(sender.provider).account_scope
    if not names:
        return ""
    values = "\x00".join(sender.credentials.get(name, "") for name in names)
    return salted_hmac("channels.senders.proving", values, algorithm="sha256").hexdigest()


@transaction.atomic
def _record(sender: Sender, scope: str, *, now: datetime) -> bool:
    current = Sender.objects.select_for_update(of=("self",)).get(pk=sender.pk)
    if end_proof_if_changed(current, {name: getattr(sender, name) for name in NAMES_THE_ACCOUNT}):
        return True  # somebody changed the sender during the check, which proved the old values
    if current.is_active and current.proven_at is None:
        Sender.objects.filter(pk=sender.pk).update(proven_at=now, proven_scope=scope)
    return True


def _holder(sender: Sender, scope: str) -> Sender | None:
    proven = Sender.objects.select_related("tenant").filter(
        provider=sender.provider,
        account_id=sender.account_id,
        proven_scope=scope,
        proven_at__isnull=False,
        is_active=True,
    )
    return proven.exclude(pk=sender.pk).first()


def _has_lapsed(holder: Sender, *, timeout: float) -> bool:
    if holder.broken_at is not None or not holder.tenant.is_active:
        return True
    outcome = check_credentials(account=holder.account(), timeout=timeout)
    return outcome.kind is OutcomeKind.PERMANENT and outcome.cause is FailureCause.CONFIG
