"""Parts that the wallet's tables share: the amount column and the trigger against TRUNCATE."""

from decimal import Decimal

import pgtrigger
from django.db import models


def amount_field(**options: object) -> "models.DecimalField[Decimal, Decimal]":
    """Money with six decimal places: SMS prices have four and more."""
    return models.DecimalField(max_digits=20, decimal_places=6, **options)  # type: ignore[arg-type]


def never_truncated(name: str) -> pgtrigger.Trigger:
    """Refuses TRUNCATE, which row triggers do not see.

    Test settings allow it by `wallet.may_truncate`, because tests empty their own database.
    """
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
