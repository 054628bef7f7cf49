"""Telling a tenant's owners that credit runs low: once, until it has been higher again."""

from datetime import datetime

import structlog
from django.core.mail import send_mail
from django.db.models import F

from tenants.models import Membership, Role
from wallet.models import Wallet

log = structlog.get_logger(__name__)

AVAILABLE = F("balance") - F("held") + F("credit_line")


def notify_low_balances(*, now: datetime) -> int:
    """How many wallets it told of. Safe to repeat: a wallet is marked before its mail goes out."""
    low = Wallet.objects.filter(is_active=True, low_balance_threshold__isnull=False)
    low.alias(available_now=AVAILABLE).filter(
        low_balance_at__isnull=False, available_now__gte=F("low_balance_threshold")
    ).update(low_balance_at=None)
    fallen = low.alias(available_now=AVAILABLE).filter(
        low_balance_at=None, available_now__lt=F("low_balance_threshold")
    )
    return sum(_notify(wallet, now) for wallet in fallen.select_related("tenant"))


def _notify(wallet: Wallet, now: datetime) -> bool:
    mine = Wallet.objects.filter(pk=wallet.pk, low_balance_at=None).update(low_balance_at=now)
    if not mine:
        return False
    try:
        send_mail(
            subject=f"{wallet.tenant.name}: messaging credit is low",
            message=(
                f"{wallet.available:.2f} {wallet.currency} of credit is available, less than the "
                f"{wallet.low_balance_threshold:.2f} {wallet.currency} at which you wanted to be "
                "told.\nBroadcasts that need more are refused until the wallet is topped up.\n"
            ),
            from_email=None,
            recipient_list=_addresses(wallet),
        )
    except OSError:
        # The next look tries again.
        log.warning("low_balance_mail_failed", wallet=str(wallet.pk))
        Wallet.objects.filter(pk=wallet.pk, low_balance_at=now).update(low_balance_at=None)
        return False
    return True


def _addresses(wallet: Wallet) -> list[str]:
    members = Membership.objects.filter(
        tenant=wallet.tenant, role__in=(Role.OWNER, Role.ADMIN), user__is_active=True
    )
    return sorted(members.values_list("user__email", flat=True))
