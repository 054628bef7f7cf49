"""One CHECK constraint for all the counts of a table."""

from django.db import models
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThanOrEqual


def none_negative(*columns: str, name: str) -> models.CheckConstraint:
    """Replaces a CHECK per PositiveIntegerField, because every statement reads every CHECK."""
    least = Least(*columns, output_field=models.IntegerField())
    return models.CheckConstraint(condition=GreaterThanOrEqual(least, 0), name=name)
