"""Opting out and back in, by whatever way a recipient or a provider says it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.platforms import Platform
from contacts.models import SuppressionScope, SuppressionSource
from contacts.opting.suppressions import has_opted_back_in, opt_back_in, suppress
from contacts.phones import spellings_of


@dataclass(frozen=True, slots=True)
class OptWish:
    """What was said, when, and in which stored event."""

    platform: Platform
    address: str = field(repr=False)
    opted_out: bool
    marketing_only: bool
    at: datetime
    reason: str
    event_id: UUID | None


def apply_wish(*, tenant_id: UUID, wish: OptWish) -> None:
    """Record or lift a suppression; of two events the later one by its own time wins.

    Opting back in takes back what the recipient or the provider said, not what a user entered.
    """
    for address in spellings_of(wish.address, platform=wish.platform):
        _apply(tenant_id, replace(wish, address=address))


def _apply(tenant_id: UUID, wish: OptWish) -> None:
    whose: Any = {"tenant_id": tenant_id, "platform": wish.platform, "address": wish.address}
    if not wish.opted_out:
        opt_back_in(**whose, at=wish.at)
        return
    if has_opted_back_in(**whose, since=wish.at):
        return
    suppress(
        **whose,
        scope=SuppressionScope.MARKETING if wish.marketing_only else SuppressionScope.ALL,
        source=SuppressionSource.RECIPIENT,
        reason=wish.reason,
        now=wish.at,
        event_id=wish.event_id,
    )
