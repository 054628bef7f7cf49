"""Runs of the doctor. Its table was made when the doctor was a part of broadcast."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ("broadcast", "0007_control_checkup"),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Checkup',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_index=True)),
                ('seconds', models.FloatField(help_text='How long it took.')),
                ('breach_count', models.PositiveIntegerField()),
                ('repaired', models.PositiveIntegerField(default=0)),
                ('breaches', models.JSONField(default=list, help_text='The first 200.')),
            ],
            options={
                'db_table': 'broadcast_checkup',
                'ordering': ('-id',),
            },
        ),
    ]
