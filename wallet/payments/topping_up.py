"""Buying credits through a payment provider; only its verified events add credits."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import transaction

from api.errors import DomainError
from tenants.models import Tenant, User
from wallet.errors import WalletInactive
from wallet.ledger import ledger
from wallet.models import ReceivedPayment, TopUp, TopUpStatus
from wallet.payments.minor_units import to_minor
from wallet.payments.port import PaymentEvent, PaymentProviderFailed
from wallet.payments.registry import provider_named, return_url

log = structlog.get_logger(__name__)


class PaymentProviderRefused(DomainError):
    code = "payment_provider_failed"
    status = 502


def open_top_up(
    *, tenant: Tenant, provider: str, amount: Decimal, actor: User | None, now: datetime
) -> TopUp:
    """Open a payment page; adds no credits yet. Calls the provider, so not in a transaction.

    Raises InvalidInput, InvalidAmount, PaymentsNotConfigured, PaymentProviderRefused,
    WalletInactive.
    """
    port = provider_named(provider)
    wallet = ledger.wallet_of(tenant)
    if not wallet.is_active:
        raise WalletInactive("This wallet is closed.")
    top_up = TopUp.objects.create(
        wallet=wallet,
        provider=provider,
        amount=amount,
        minor_units=to_minor(amount, wallet.currency),
        currency=wallet.currency,
        created_by=actor,
        created_at=now,
    )
    try:
        page = port.open_page(
            top_up_id=top_up.pk,
            minor_units=top_up.minor_units,
            currency=top_up.currency,
            return_url=return_url(),
        )
    except PaymentProviderFailed as error:
        TopUp.objects.filter(pk=top_up.pk).update(
            status=TopUpStatus.FAILED, reason=str(error)[:200]
        )
        log.warning("top_up_not_opened", top_up=str(top_up.pk), provider=provider)
        raise PaymentProviderRefused(
            f"{provider} opened no payment page: {error}", attr="provider"
        ) from error
    TopUp.objects.filter(pk=top_up.pk).update(provider_id=page.provider_id, url=page.url)
    top_up.refresh_from_db()
    return top_up


def take_payment(*, provider: str, event: PaymentEvent, now: datetime) -> ReceivedPayment:
    """Credit the payment that a verified event reports: once per event, and once per top-up."""
    with transaction.atomic():
        received, is_new = ReceivedPayment.objects.get_or_create(
            provider=provider,
            event_id=event.event_id[:200],
            defaults={"kind": event.kind[:100], "received_at": now},
        )
        if is_new and event.top_up_id is not None:
            received.outcome = _credit(provider, event, event.top_up_id, received, now)
            received.save(update_fields=("outcome", "top_up"))
    return received


def _credit(
    provider: str,
    event: PaymentEvent,
    top_up_id: UUID,
    received: ReceivedPayment,
    now: datetime,
) -> str:
    top_up = (
        TopUp.objects.select_for_update(of=("self",))
        .select_related("wallet__tenant")
        .filter(pk=top_up_id, provider=provider)
        .first()
    )
    if top_up is None:
        return "no such top-up"
    received.top_up = top_up
    if top_up.status == TopUpStatus.PAID:
        return "credited before"
    if (event.minor_units, event.currency) != (top_up.minor_units, top_up.currency):
        return _refuse(top_up, "another amount or currency was paid than asked for")
    try:
        with transaction.atomic():
            ledger.top_up(
                tenant=top_up.wallet.tenant,
                amount=top_up.amount,
                reference=f"payment:{top_up.pk}",
                actor=str(top_up.created_by_id or provider),
                reason=f"{provider} {top_up.provider_id}"[:200],
                now=now,
            )
    except DomainError as refusal:
        return _refuse(top_up, refusal.detail)
    top_up.status, top_up.paid_at = TopUpStatus.PAID, now
    top_up.save(update_fields=("status", "paid_at"))
    return "credited"


def _refuse(top_up: TopUp, reason: str) -> str:
    """Mark as paid but not credited: an operator has to resolve it."""
    top_up.status, top_up.reason = TopUpStatus.DISPUTED, reason[:200]
    top_up.save(update_fields=("status", "reason"))
    log.error("payment_not_credited", top_up=str(top_up.pk), reason=reason)
    return reason[:200]
