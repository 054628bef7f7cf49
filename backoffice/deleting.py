"""What a deletion in the admin would take along: counted up to a bound, never loaded.

Django's own page loads and lists every related row, which takes minutes and gigabytes where a
million rows refer to the object.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import CASCADE, PROTECT, RESTRICT, ForeignObjectRel, Model, QuerySet

COUNTED_UP_TO = 1000
"""Related rows that the page counts; more are shown as "1000 or more"."""
REFUSING = (PROTECT, RESTRICT)

Deletion = tuple[list[str], dict[str, Any], set[str], list[str]]


def bounded_deletion(objs: Iterable[Model]) -> Deletion:
    """The same four values as `ModelAdmin.get_deleted_objects`.

    They are: lines to show, counts by kind, missing permissions (always none: only superusers
    come here), and what forbids the deletion.
    """
    lines: list[str] = []
    counts: dict[str, Any] = {}
    forbidding: list[str] = []
    for obj in objs:
        lines.append(str(obj))
        name = str(obj._meta.verbose_name_plural)
        counts[name] = counts.get(name, 0) + 1
        for relation in relations_to(type(obj)):
            related = str(relation.related_model._meta.verbose_name_plural)
            rows = rows_of(relation, obj)
            if relation.on_delete in REFUSING and rows.exists():
                forbidding.append(f"{obj}: {related} refer to it.")
            elif relation.on_delete is CASCADE and (number := _number(rows)):
                lines.append(f"{obj}: {number} {related}")
                counts[related] = number
    return lines, counts, set(), forbidding


def relations_to(model: type[Model]) -> list[ForeignObjectRel]:
    """Foreign keys that point at this model, also hidden ones."""
    return [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, ForeignObjectRel) and (field.one_to_many or field.one_to_one)
    ]


def rows_of(relation: ForeignObjectRel, obj: Model) -> QuerySet[Model]:
    rows: QuerySet[Model] = relation.related_model._meta.base_manager.filter(
        **{relation.field.name: obj.pk}
    )
    return rows.order_by()


def _number(rows: QuerySet[Model]) -> int | str:
    number = rows[:COUNTED_UP_TO].count()
    return number if number < COUNTED_UP_TO else f"{COUNTED_UP_TO} or more"
