"""Finds the messages whose money a line of the wallet's ledger is made of."""

from django.db.models import Func, QuerySet, UUIDField

from broadcast.models import Broadcast, BroadcastMessage, ChargeLine
from broadcast.states import ChargeState
from tenants.models import Tenant
from wallet.models import EntryKind, LedgerEntry

MOVED_TO = {
    EntryKind.CAPTURE: ChargeState.CAPTURED,
    EntryKind.RELEASE: ChargeState.RELEASED,
    EntryKind.REFUND: ChargeState.REFUNDED,
}


def messages_of(*, tenant: Tenant, entry: LedgerEntry) -> QuerySet[BroadcastMessage]:
    """The messages whose prices add up to the entry's amount.

    A HOLD has the messages that its plan charged. If that plan was replaced (unscheduled, edited),
    the HOLD has no messages any more: its credits were released whole, and the messages belong to
    a later hold.
    """
    messages = BroadcastMessage.objects.for_tenant(tenant).filter(price__gt=0)
    if entry.kind == EntryKind.HOLD:
        return _held_by(messages, tenant, entry)
    if entry.movement_id is None:
        return messages.none()
    lines = ChargeLine.objects.filter(
        broadcast__tenant=tenant,
        movement_id=entry.movement_id,
        charge_state=MOVED_TO.get(EntryKind(entry.kind), ""),
    )
    ids = lines.annotate(message=Func("message_ids", function="unnest", output_field=UUIDField()))
    return messages.filter(
        broadcast_id__in=lines.values("broadcast_id"), pk__in=ids.values("message")
    )


def _held_by(
    messages: QuerySet[BroadcastMessage], tenant: Tenant, entry: LedgerEntry
) -> QuerySet[BroadcastMessage]:
    kind, _, broadcast_id = entry.subject.partition(":")
    if kind != "broadcast" or entry.hold is None:
        return messages.none()
    held = Broadcast.objects.for_tenant(tenant).filter(
        pk=broadcast_id, hold_revision=entry.hold.revision
    )
    return messages.filter(broadcast_id__in=held.values("pk")).exclude(
        charge_state=ChargeState.NONE
    )
