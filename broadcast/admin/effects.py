"""What an action would do to a broadcast: recipients, price, credit; for the pages that confirm."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from api.errors import DomainError
from api.slow_statements import is_statement_timeout
from backoffice.confirming import Effect
from broadcast import lifecycle
from broadcast.models import Broadcast
from broadcast.planning.estimating import Estimate, estimate

MOST_SENT_AT_ONCE = 10
"""Broadcasts of one "Send now": each of them is estimated for the page."""
ESTIMATE_TIMEOUT = "SET LOCAL statement_timeout = '2s'"
"""If an audience takes longer, the page shows no price: ten of them must not take a minute."""
TOO_LARGE = (
    "The audience is too large to be priced here. Schedule the broadcast: it is planned, and its "
    "credits are held, before its time; its page then shows both."
)


def effect_of_sending(broadcast: Broadcast) -> Effect:
    """The estimate of a DRAFT or SCHEDULED broadcast, or why it cannot be sent."""
    facts = [f"tenant {broadcast.tenant}", broadcast.get_platform_display()]
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(ESTIMATE_TIMEOUT)
            result = estimate(broadcast=broadcast, now=timezone.now())
    except DomainError as refusal:
        return Effect(facts, refusal=refusal.detail)
    except OperationalError as error:
        if not is_statement_timeout(error):
            raise
        return Effect(facts, refusal=TOO_LARGE)
    return Effect([*facts, *_lines_of(result)], token=result.hash)


def send_as_shown(broadcast: Broadcast, estimate_hash: str) -> Broadcast:
    """Send now. Raises EstimateMoved if the estimate is no longer what the page has shown."""
    return lifecycle.send(
        tenant=broadcast.tenant,
        broadcast_id=broadcast.pk,
        now=timezone.now(),
        estimate_hash=estimate_hash,
    )


def move_one(broadcast: Broadcast, move: Callable[..., Any]) -> None:
    """Run a function of the lifecycle on the broadcast, now."""
    move(tenant=broadcast.tenant, broadcast_id=broadcast.id, now=timezone.now())


def effect_of_a_move(broadcast: Broadcast) -> Effect:
    """How many messages of the broadcast the move concerns."""
    counters = getattr(broadcast, "counters", None)
    facts = [f"tenant {broadcast.tenant}", broadcast.get_status_display()]
    if counters is not None:
        facts.append(f"{counters.pending + counters.sending} of {counters.total} messages to go")
    return Effect(facts)


def _lines_of(result: Estimate) -> list[str]:
    lines = [
        f"{result.to_send} recipients",
        f"costs {_money(result.cost)} {result.currency}",
        f"available credit afterwards {_money(result.available_after)} {result.currency}",
    ]
    if suppressed := sum(result.suppressed.values()):
        lines.append(f"{suppressed} suppressed")
    return lines + [warning.detail for warning in result.warnings]


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
