"""What each statement of a batch pays for: the CHECKs of the tables that it writes."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import IntegrityError, connection, models, transaction

from broadcast import lifecycle
from broadcast.models import Broadcast, BroadcastCounters, BroadcastMessage, Lane
from contacts.models import Contact
from tenants.models import Tenant
from wallet.models import Wallet

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


@pytest.mark.parametrize("model", COUNTING)
def test_a_table_that_batches_write_has_one_check(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CHECKS, [model._meta.db_table])
        assert len(cursor.fetchall()) == 1


@pytest.mark.parametrize(("model", "name"), COUNTS)
def test_no_count_is_negative(
    rich: Wallet,
    tenant: Tenant,
    people: Callable[..., list[Contact]],
    draft: Callable[..., Broadcast],
    now: datetime,
    model: type[models.Model],
    name: str,
) -> None:
    lifecycle.send(tenant=tenant, broadcast_id=draft(people(1)).pk, now=now)
    assert model._default_manager.update(**{name: 0}) == 1
    with pytest.raises(IntegrityError, match="not_negative"), transaction.atomic():
        model._default_manager.update(**{name: -1})
