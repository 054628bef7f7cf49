"""Applies opt-outs and opt-ins from replies, buttons and provider events."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.platforms import Platform
from contacts.models import SuppressionScope, SuppressionSource
from contacts.opting.suppressions import has_opted_back_in, opt_back_in, suppress


@dataclass(frozen=True, slots=True)
class OptWish:
    """An opt-out or opt-in of an address, its time, and the stored event it comes from."""

    platform: Platform
    address: str = field(repr=False)
    opted_out: bool
    marketing_only: bool
    at: datetime
    reason: str
    event_id: UUID | None


def apply_wish(*, tenant_id: UUID, wish: OptWish) -> None:
    """Record or lift a suppression; of two events, the one with the later time wins.

    An opt-in lifts suppressions by the recipient or the provider, not those that a user entered.
    """
    key: Any = {"tenant_id": tenant_id, "platform": wish.platform, "address": wish.address}
    if not wish.opted_out:
        opt_back_in(**key, at=wish.at)
        return
    if has_opted_back_in(**key, since=wish.at):
        return
    suppress(
        **key,
        scope=SuppressionScope.MARKETING if wish.marketing_only else SuppressionScope.ALL,
        source=SuppressionSource.RECIPIENT,
        reason=wish.reason,
        now=wish.at,
        event_id=wish.event_id,
    )
