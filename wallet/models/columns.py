"""What the wallet's tables have in common: amounts, and that nobody empties them."""

from decimal import Decimal

import pgtrigger
from django.db import models


def amount_field(**options: object) -> "models.DecimalField[Decimal, Decimal]":
    """Money to a millionth of the currency's unit: SMS prices have four places and more."""
    return models.DecimalField(max_digits=20, decimal_places=6, **options)  # type: ignore[arg-type]


def never_truncated(name: str) -> pgtrigger.Trigger:
    """Row triggers do not see TRUNCATE. A test run, which empties its own database, says so."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=(
            "IF coalesce(current_setting('wallet.may_truncate', true), '') <> 'yes' THEN "
            "RAISE EXCEPTION 'Cannot truncate % table', TG_TABLE_NAME; END IF; RETURN NULL;"
        ),
    )
