"""One CHECK for all the counts of a table."""

from django.db import models
from django.db.models.functions import Least
from django.db.models.lookups import GreaterThanOrEqual


def none_negative(*columns: str, name: str) -> models.CheckConstraint:
    """In place of PositiveIntegerField's, one a column: each statement unpacks every CHECK."""
    least = Least(*columns, output_field=models.IntegerField())
    return models.CheckConstraint(condition=GreaterThanOrEqual(least, 0), name=name)
