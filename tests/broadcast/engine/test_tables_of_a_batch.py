"""Constraints and indexes of the tables that a batch writes: each one costs every statement."""

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, models, transaction

from broadcast import lifecycle
from broadcast.models import (
    Batch,
    BroadcastCounters,
    BroadcastMessage,
    ChargeLine,
    Lane,
    ProviderMessageId,
)
from tenants.models import Tenant
from tests.fixtures.types import MakeBroadcast, MakePeople
from wallet.models import Hold, LedgerEntry, Wallet

pytestmark = pytest.mark.django_db

COUNTING = (BroadcastCounters, BroadcastMessage, Lane)
COUNTS = [
    (model, field.name)
    for model in COUNTING
    for field in model._meta.fields
    if field.get_internal_type() in ("IntegerField", "SmallIntegerField")
]
CHECKS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype = 'c'
"""
WRITTEN = (*COUNTING, Batch, ChargeLine, ProviderMessageId, Wallet, Hold, LedgerEntry)
# An index is spare if another index without a condition begins with the same columns.
SPARE = """
SELECT spare.indexrelid::regclass::text FROM pg_index spare
JOIN pg_index other USING (indrelid)
WHERE spare.indrelid = %s::regclass AND spare.indexrelid <> other.indexrelid
  AND spare.indpred IS NULL AND other.indpred IS NULL AND NOT spare.indisunique
  AND other.indkey::text || ' ' LIKE spare.indkey::text || ' %%'
"""
# Without an index that begins with a foreign key, each delete of a parent reads the whole table.
WITHOUT_INDEX = """
SELECT conname FROM pg_constraint key
WHERE key.conrelid = %s::regclass AND key.contype = 'f' AND NOT EXISTS (
    SELECT FROM pg_index WHERE indrelid = key.conrelid AND indpred IS NULL
      AND indkey[0] = key.conkey[1])
"""


@pytest.mark.parametrize("model", WRITTEN)
def test_no_index_is_the_beginning_of_another_and_every_foreign_key_has_one(
    model: type[models.Model],
) -> None:
    with connection.cursor() as cursor:
        for query in (SPARE, WITHOUT_INDEX):
            cursor.execute(query, [model._meta.db_table])
            assert cursor.fetchall() == []


@pytest.mark.parametrize("model", COUNTING)
def test_a_table_that_batches_write_has_one_check(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CHECKS, [model._meta.db_table])
        assert len(cursor.fetchall()) == 1


@pytest.mark.parametrize(("model", "name"), COUNTS)
def test_no_count_is_negative(
    rich: Wallet,
    tenant: Tenant,
    people: MakePeople,
    draft: MakeBroadcast,
    now: datetime,
    model: type[models.Model],
    name: str,
) -> None:
    lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    assert model._default_manager.update(**{name: 0}) == 1
    with pytest.raises(IntegrityError, match="not_negative"), transaction.atomic():
        model._default_manager.update(**{name: -1})
