"""E-mails owners and admins when credit is low: once, until it has risen over the threshold."""

from datetime import datetime

import structlog
from django.core.mail import send_mail
from django.db.models import F

from tenants.models import Membership, Role
from wallet.models import Wallet

log = structlog.get_logger(__name__)

AVAILABLE = F("balance") - F("held") + F("credit_line")


def notify_low_balances(*, now: datetime) -> int:
    """Returns the number of wallets reported. Safe to repeat: marks a wallet before mailing."""
    low = Wallet.objects.filter(is_active=True, low_balance_threshold__isnull=False)
    low.alias(available_now=AVAILABLE).filter(
        low_balance_at__isnull=False, available_now__gte=F("low_balance_threshold")
    ).update(low_balance_at=None)
    newly_low = low.alias(available_now=AVAILABLE).filter(
        low_balance_at=None, available_now__lt=F("low_balance_threshold")
    )
    return sum(_notify(wallet, now) for wallet in newly_low.select_related("tenant"))


def _notify(wallet: Wallet, now: datetime) -> bool:
    is_marked = Wallet.objects.filter(pk=wallet.pk, low_balance_at=None).update(low_balance_at=now)
    if not is_marked:
        return False
    try:
        send_mail(
            subject=f"{wallet.tenant.name}: messaging credit is low",
            message=(
                f"{wallet.available:.2f} {wallet.currency} of credit is available, less than your "
                f"threshold of {wallet.low_balance_threshold:.2f} {wallet.currency}.\n"
                "Broadcasts that need more are refused until the wallet is topped up.\n"
            ),
            from_email=None,
            recipient_list=_addresses(wallet),
        )
    except OSError:
        # Unmarked again, so that the next run retries.
        log.warning("low_balance_mail_failed", wallet=str(wallet.pk))
        Wallet.objects.filter(pk=wallet.pk, low_balance_at=now).update(low_balance_at=None)
        return False
    return True


def _addresses(wallet: Wallet) -> list[str]:
    members = Membership.objects.filter(
        tenant=wallet.tenant, role__in=(Role.OWNER, Role.ADMIN), user__is_active=True
    )
    return sorted(members.values_list("user__email", flat=True))
