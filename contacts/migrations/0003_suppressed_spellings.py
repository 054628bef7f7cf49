"""Opt-outs and opt-ins of numbers with two spellings hold for both, on every platform."""

from django.db import migrations
from django.db.models import Q

from contacts.spellings import spellings_of

BEGINNINGS = ("+52", "+54", "+55", "+225", "+229")


def spell_out(apps, schema_editor):
    of_two = Q()
    for beginning in BEGINNINGS:
        of_two |= Q(address__startswith=beginning)
    for name in ("Suppression", "OptIn"):
        model = apps.get_model("contacts", name)
        copied = [field.name for field in model._meta.fields if field.name not in {"id", "pk"}]
        others = (
            model(**{
                field: spelling if field == "address" else getattr(row, field) for field in copied
            })
            for row in model.objects.filter(of_two).iterator()
            for spelling in spellings_of(row.address)[1:]
        )
        model.objects.bulk_create(others, batch_size=1000, ignore_conflicts=True)


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0002_several_addresses'),
    ]

    operations = [
        migrations.RunPython(spell_out, migrations.RunPython.noop),
    ]
