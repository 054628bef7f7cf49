"""Copies one row of each model as often as wanted, by SQL; unique columns are numbered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import AutoField, BigAutoField, Model, UUIDField

from broadcast.models import (
    Batch,
    Broadcast,
    BroadcastCounters,
    BroadcastMessage,
    ChargeLine,
    Lane,
)
from channels.models import ProviderApp, Sender, SenderDay
from contacts.models import (
    Contact,
    ContactImport,
    ContactImportError,
    ContactTag,
    Suppression,
    Tag,
)
from doctor.models import Checkup
from inbound.models import MessageAlias, ParkedReceipt, ProviderEvent, ReceivedMessage
from templates_wa.models import WhatsAppTemplate
from tenants.models import IdempotencyRecord, Membership, Tenant, User
from tracking.models import Click, TrackedURL
from wallet.models import Hold, LedgerEntry, Rate, ReceivedPayment, TopUp

FEWER = 10
"""Tables of few rows, such as broadcasts and senders, get a tenth of the rows."""
STRUCTURE = 100
"""Tables of tenants and what they set up get a hundredth."""


@dataclass(frozen=True)
class Copies:
    """SQL of the columns that differ between two copies; `t` is the copied row, `g` the number.

    `each` is a table with a row `c` for each copy.
    """

    model: type[Model]
    columns: Mapping[str, str] = field(default_factory=dict)
    each: type[Model] | None = None
    divisor: int = 1


NUMBERED = "'row ' || g"
EARLIER = "t.created_at - g * interval '1 second'"
COPIES = (
    Copies(Tenant, {"name": NUMBERED, "slug": "'t-' || g"}, divisor=STRUCTURE),
    Copies(User, {"email": "g || '@example.com'", "is_superuser": "false"}, divisor=STRUCTURE),
    Copies(Membership, {"tenant_id": "c.id"}, each=Tenant),
    Copies(IdempotencyRecord, {"key": NUMBERED, "created_at": EARLIER}),
    Copies(ProviderApp, {"name": NUMBERED, "endpoint_token": NUMBERED}, divisor=STRUCTURE),
    Copies(
        Sender,
        {"name": NUMBERED, "account_id": NUMBERED, "is_active": "false"},
        divisor=STRUCTURE,
    ),
    Copies(SenderDay, {"day": "t.day - g::int"}, divisor=STRUCTURE),
    Copies(WhatsAppTemplate, {"name": NUMBERED}, divisor=STRUCTURE),
    Copies(Tag, {"name": NUMBERED}, divisor=STRUCTURE),
    Copies(
        Contact,
        {
            "external_id": NUMBERED,
            "phone": "'+4917' || lpad(g::text, 8, '0')",
            "created_at": EARLIER,
        },
    ),
    Copies(ContactTag, {"contact_id": "c.id"}, each=Contact),
    Copies(Suppression, {"address": "'+4918' || lpad(g::text, 8, '0')", "created_at": EARLIER}),
    Copies(ContactImport, {"file_name": NUMBERED, "created_at": EARLIER}, divisor=STRUCTURE),
    Copies(ContactImportError, {"line": "g"}),
    Copies(
        Rate,
        {
            "valid_from": "t.valid_from + g * interval '1 hour'",
            "valid_to": "t.valid_from + (g + 1) * interval '1 hour'",
        },
        divisor=STRUCTURE,
    ),
    Copies(Hold, {"reference": NUMBERED}),
    Copies(LedgerEntry, {"reference": NUMBERED}),
    Copies(TopUp),
    Copies(ReceivedPayment, {"event_id": NUMBERED}),
    Copies(Broadcast, {"name": NUMBERED, "created_at": EARLIER}, divisor=FEWER),
    Copies(BroadcastCounters, {"broadcast_id": "c.id"}, each=Broadcast),
    Copies(Lane, {"broadcast_id": "c.id"}, each=Broadcast),
    Copies(
        BroadcastMessage,
        {"seq": "g + 1", "contact_id": "uuidv7()", "address": NUMBERED, "token": "g + 1"},
    ),
    Copies(Batch, {"settled_at": "CASE WHEN g > 100 THEN t.claimed_at END"}),
    Copies(ChargeLine),
    Copies(TrackedURL, {"broadcast_id": "c.id"}, each=Broadcast),
    Copies(Click, {"message_id": "uuidv7()"}),
    Copies(
        ProviderEvent,
        {"event_key": NUMBERED, "status": "CASE WHEN g > 100 THEN 'APPLIED' ELSE 'FAILED' END"},
    ),
    Copies(ReceivedMessage, {"provider_message_id": NUMBERED}),
    Copies(ParkedReceipt, {"provider_message_id": NUMBERED}),
    Copies(MessageAlias, {"alias": NUMBERED}),
    Copies(Checkup, divisor=STRUCTURE),
)
PROVIDER_IDS = """
INSERT INTO broadcast_providermessageid (provider_message_id, message_id, tenant_id, broadcast_id)
SELECT 'wamid.' || seq, id, tenant_id, broadcast_id FROM broadcast_broadcastmessage
"""


def make_many(rows: Mapping[type[Model], Model], number: int) -> None:
    """Copies these rows; the largest tables get `number` rows."""
    with connection.cursor() as cursor:
        # Triggers and foreign keys would take most of the time.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        for copies in COPIES:
            cursor.execute(statement(copies), [rows[copies.model].pk, number // copies.divisor])
        cursor.execute(PROVIDER_IDS)
        cursor.execute("RESET session_replication_role")
        cursor.execute("ANALYZE")


def statement(copies: Copies) -> str:
    """An INSERT that takes the copied row's key and the number of copies.

    Its text holds only constants of this module and names of our own columns.
    """
    meta = copies.model._meta
    values: dict[str, str] = {}
    for column in meta.local_concrete_fields:
        name = str(column.column)
        if name in copies.columns:
            values[name] = copies.columns[name]
        elif column.primary_key and isinstance(column, UUIDField):
            values[name] = "uuidv7()"
        elif not isinstance(column, AutoField | BigAutoField):
            values[name] = f't."{name}"'
    each = "generate_series(1, %s) g"
    if copies.each is not None:
        table = copies.each._meta.db_table
        each = f"(SELECT *, row_number() OVER () AS g FROM {table} LIMIT %s) c"  # noqa: S608
    names = ", ".join(f'"{name}"' for name in values)
    return (
        f"WITH t AS (SELECT * FROM {meta.db_table} WHERE {meta.pk.column} = %s) "  # noqa: S608
        f"INSERT INTO {meta.db_table} ({names}) SELECT {', '.join(values.values())} "
        f"FROM t, {each} ON CONFLICT DO NOTHING"
    )
